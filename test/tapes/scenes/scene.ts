import type { Canvas } from '../canvas.ts';
import type { Random } from '../random.ts';

/**
 * Draws the frame shown at `seconds` into a tape. Frames come in order and the canvas still holds the one
 * before, so that a drawing may pile up as it does in a painting piece.
 */
export type Draw = (canvas: Canvas, seconds: number) => void;

/** Sets up a scene of so many pixels; all that is random in it comes from `random`. */
export type Scene = (width: number, height: number, random: Random) => Draw;
