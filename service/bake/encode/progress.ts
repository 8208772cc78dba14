import { TRANSPARENCY_KEY } from './filters.ts';

/** What one line of ffmpeg's standard output tells. */
export type Sign =
  | { readonly kind: 'frames'; readonly frames: number }
  | { readonly kind: 'time'; readonly microseconds: number }
  | { readonly kind: 'transparent' }
  | { readonly kind: 'other' };

/** Reads a line that `-progress pipe:1` or the search for transparency writes. */
export function readSign(line: string): Sign {
  const equals = line.indexOf('=');
  const key = line.slice(0, equals);
  const value = Number(line.slice(equals + 1));
  if (equals === -1 || !Number.isFinite(value)) return { kind: 'other' };
  if (key === 'frame') return { kind: 'frames', frames: value };
  if (key === 'out_time_us') return { kind: 'time', microseconds: value };
  if (key === TRANSPARENCY_KEY) return { kind: 'transparent' };
  return { kind: 'other' };
}
