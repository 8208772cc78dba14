import { rgba } from '../canvas.ts';
import type { Scene } from './scene.ts';

const SHADES = 1024;

/** A smooth colour field that flows everywhere in every frame, as a plotted function of place and time does. */
export const plot: Scene = (width, height, random) => {
  const offset = random() * 100;
  const palette = Uint32Array.from({ length: SHADES }, (_, shade) => {
    const turn = (shade / SHADES) * Math.PI * 2;
    const level = (phase: number) => Math.round(127.5 + 127.5 * Math.sin(turn + phase));
    return rgba(level(0), level(2), level(4));
  });
  const across = new Float64Array(width);
  const down = new Float64Array(height);
  const slanted = new Float64Array(width + height);
  return (canvas, seconds) => {
    const t = seconds + offset;
    // Sums of one-dimensional waves: no sine per pixel.
    across.forEach((_, x) => {
      across[x] = 180 * Math.sin(x * 0.021 + t * 1.3);
    });
    down.forEach((_, y) => {
      down[y] = 160 * Math.sin(y * 0.027 - t * 0.9);
    });
    slanted.forEach((_, s) => {
      slanted[s] = 140 * Math.sin(s * 0.013 + t * 1.7) + t * 60;
    });
    let at = 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const sum = across[x]! + down[y]! + slanted[x + y]!;
        canvas.words[at++] = palette[Math.floor(sum) & (SHADES - 1)]!;
      }
    }
  };
};
