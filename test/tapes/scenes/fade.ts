import { fillDisc, fillRect, rgba } from '../canvas.ts';
import type { Scene } from './scene.ts';

/**
 * Partly transparent pixels. In quarters: transparent black, transparent magenta (a reader that drops alpha
 * shows it), a ramp over all 256 alphas, and one flat colour that fades in and out; an opaque disc moves over them.
 */
export const fade: Scene = (width, height) => (canvas, seconds) => {
  const [halfX, halfY] = [width >> 1, height >> 1];
  fillRect(canvas, 0, 0, halfX, halfY, rgba(0, 0, 0, 0));
  fillRect(canvas, halfX, 0, width - halfX, halfY, rgba(255, 0, 255, 0));
  for (let x = 0; x < halfX; x++) {
    const alpha = Math.floor((x * 255) / Math.max(1, halfX - 1));
    fillRect(canvas, x, halfY, 1, height - halfY, rgba(255, 160, 40, alpha));
  }
  const alpha = Math.round(127.5 + 127.5 * Math.sin(seconds * Math.PI));
  fillRect(canvas, halfX, halfY, width - halfX, height - halfY, rgba(60, 200, 255, alpha));
  const radius = Math.max(1, Math.min(width, height) >> 3);
  fillDisc(canvas, Math.floor((seconds * 60) % width), halfY, radius, rgba(255, 255, 255));
};
