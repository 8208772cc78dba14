import type { Canvas } from '../canvas.ts';
import type { Random } from '../random.ts';

/**
 * Draws the frame that is shown at `seconds`. Frames come in order, and the canvas still holds the one before, so that a drawing may grow
 * as in a painting piece.
 */
export type Draw = (canvas: Canvas, seconds: number) => void;

/** Sets up a scene of `width` × `height` pixels. `random` is its only source of random numbers. */
export type Scene = (width: number, height: number, random: Random) => Draw;
