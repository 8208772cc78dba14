import { fillDisc, fillRect, rgba } from '../canvas.ts';
import { pick } from '../random.ts';
import type { Scene } from './scene.ts';

const paper = rgba(244, 238, 220);
const inks = [
  rgba(230, 40, 60),
  rgba(30, 90, 220),
  rgba(20, 160, 80),
  rgba(250, 190, 20),
  rgba(20, 20, 30),
  rgba(160, 60, 200),
];
const STAMPS_PER_SECOND = 240;

/** Brush strokes added to a canvas over time: flat colours, hard edges, and now and then a pause with nothing new. */
export const paint: Scene = (width, height, random) => {
  let stamped = -1;
  let left = 0;
  const brush = { x: 0, y: 0, angle: 0, bend: 0, radius: 2, ink: inks[0]!, lifted: false };
  const begin = () => {
    brush.x = random() * width;
    brush.y = random() * height;
    brush.angle = random() * Math.PI * 2;
    brush.bend = (random() - 0.5) * 0.1;
    brush.radius = Math.floor(1 + random() * 6);
    brush.ink = pick(random, inks);
    brush.lifted = random() < 0.2;
    left = Math.floor(60 + random() * 180);
  };
  return (canvas, seconds) => {
    if (stamped < 0) {
      fillRect(canvas, 0, 0, width, height, paper);
      stamped = 0;
    }
    for (; stamped < seconds * STAMPS_PER_SECOND; stamped++) {
      if (left-- <= 0) begin();
      brush.angle += brush.bend;
      brush.x = (brush.x + Math.cos(brush.angle) + width) % width;
      brush.y = (brush.y + Math.sin(brush.angle) + height) % height;
      if (!brush.lifted) fillDisc(canvas, Math.floor(brush.x), Math.floor(brush.y), brush.radius, brush.ink);
    }
  };
};
