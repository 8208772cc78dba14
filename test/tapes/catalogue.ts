import type { TapeSpec } from './make.ts';

/**
 * The tapes of the benchmarks, by name: each kind of content at the sizes and lengths that people record. None is transparent, since the
 * plain recipe drops alpha, and its pictures can't be compared then.
 */
export const catalogue = {
  prompt: { scene: 'prompt', width: 337, height: 160, seconds: 8, sound: true },
  paint: { scene: 'paint', width: 337, height: 176, seconds: 8 },
  noise: { scene: 'noise', width: 320, height: 240, seconds: 8 },
  plot: { scene: 'plot', width: 640, height: 480, seconds: 8, sound: true },
  wire: { scene: 'wire', width: 640, height: 480, seconds: 8 },
  sprites: { scene: 'sprites', width: 256, height: 256, seconds: 8 },
  phone: { scene: 'sprites', width: 195, height: 422, seconds: 8, sound: true, seed: 2 },
  still: { scene: 'still', width: 337, height: 160, seconds: 8 },
  'odd-stalls': { scene: 'plot', width: 333, height: 187, seconds: 8, stalls: true, seed: 3 },
  'prompt-30s': { scene: 'prompt', width: 640, height: 480, seconds: 30, sound: true, stalls: true, seed: 4 },
  'wire-30s': { scene: 'wire', width: 337, height: 160, seconds: 30, sound: true, stalls: true, seed: 5 },
  large: { scene: 'sprites', width: 1024, height: 1024, seconds: 3, seed: 6 },
} as const satisfies Record<string, TapeSpec>;

/** The name of a tape of the catalogue. */
export type TapeName = keyof typeof catalogue;
