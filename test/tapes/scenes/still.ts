import { fillDisc, fillRect, rgba } from '../canvas.ts';
import { drawText } from '../font.ts';
import type { Scene } from './scene.ts';

/** One picture that never changes: flat bars, a disc and a word. */
export const still: Scene = (width, height) => (canvas) => {
  const bars = [
    rgba(240, 240, 240),
    rgba(230, 210, 40),
    rgba(60, 200, 210),
    rgba(60, 190, 70),
    rgba(190, 60, 180),
    rgba(200, 40, 50),
    rgba(40, 60, 190),
  ];
  const step = Math.ceil(width / bars.length);
  bars.forEach((colour, n) => {
    fillRect(canvas, n * step, 0, step, height, colour);
  });
  fillDisc(canvas, width >> 1, height >> 1, Math.min(width, height) >> 2, rgba(20, 20, 30));
  drawText(canvas, 'still', (width >> 1) - 20, (height >> 1) - 5, 2, rgba(255, 255, 255));
};
