import { type Canvas, type Colour, fillRect, rgba } from '../canvas.ts';
import { pick, type Random } from '../random.ts';
import type { Scene } from './scene.ts';

const TILE = 16;
const MAP = 32;
const grounds = [
  rgba(60, 140, 70),
  rgba(50, 120, 64),
  rgba(196, 160, 100),
  rgba(50, 100, 180),
  rgba(110, 110, 120),
];
const coats = [
  rgba(255, 80, 80),
  rgba(255, 230, 90),
  rgba(240, 240, 255),
  rgba(255, 140, 220),
  rgba(30, 20, 40),
];

/** A 16×16 tile of one ground colour with a few specks of others. */
function tile(random: Random): Uint32Array {
  const words = new Uint32Array(TILE * TILE).fill(pick(random, grounds));
  for (let n = 0; n < 10; n++) words[Math.floor(random() * words.length)] = pick(random, grounds);
  return words;
}

/** A creature of 8×8 dots, the same left and right; undefined where the ground shows through. */
function creature(random: Random): (Colour | undefined)[][] {
  const coat = pick(random, coats);
  return Array.from({ length: 8 }, () => {
    const half = Array.from({ length: 4 }, (_, x) => {
      if (random() >= 0.35 + x * 0.15) return undefined;
      return random() < 0.8 ? coat : pick(random, coats);
    });
    return [...half, ...half.toReversed()];
  });
}

function drawGround(canvas: Canvas, tiles: Uint32Array[], map: Uint8Array, left: number, top: number): void {
  let at = 0;
  for (let y = top; y < top + canvas.height; y++) {
    const row = ((y >> 4) % MAP) * MAP;
    for (let x = left; x < left + canvas.width; x++) {
      const words = tiles[map[row + ((x >> 4) % MAP)]!]!;
      canvas.words[at++] = words[(y & 15) * TILE + (x & 15)]!;
    }
  }
}

/** Flat pixel-art tiles that scroll by two pixels a frame at 60 fps, with creatures that move over them. */
export const sprites: Scene = (width, height, random) => {
  const tiles = Array.from({ length: 12 }, () => tile(random));
  const map = Uint8Array.from({ length: MAP * MAP }, () => Math.floor(random() ** 2 * tiles.length));
  const dot = Math.max(2, Math.round(Math.min(width, height) / 128));
  const herd = Array.from({ length: 9 }, () => ({
    dots: creature(random),
    x: random() * width,
    y: random() * height,
    speedX: (random() - 0.5) * 160,
    speedY: (random() - 0.5) * 120,
  }));
  const wrap = (value: number, size: number) => Math.floor(value - Math.floor(value / size) * size) - 8 * dot;
  return (canvas, seconds) => {
    drawGround(canvas, tiles, map, Math.floor(seconds * 120), Math.floor(seconds * 45));
    for (const { dots, x, y, speedX, speedY } of herd) {
      const left = wrap(x + speedX * seconds, width + 8 * dot);
      const top = wrap(y + speedY * seconds, height + 8 * dot);
      dots.forEach((row, dy) => {
        row.forEach((colour, dx) => {
          if (colour !== undefined) fillRect(canvas, left + dx * dot, top + dy * dot, dot, dot, colour);
        });
      });
    }
  };
};
