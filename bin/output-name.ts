import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { OUTPUTS } from '../service/bake/outputs.ts';

/** Bytes of a file's name at most, on every file system that matters. */
const NAME_BYTES = 255;
const LONGEST_ENDING = Math.max(...Object.values(OUTPUTS).map(({ ending }) => ending.length));
const MOST = NAME_BYTES - LONGEST_ENDING;

/**
 * What a tape's files are called, without their endings: the tape's own name without .zip. A name too long for a file is
 * cut, and told apart from others like it by a hash.
 */
export function outputName(tape: string): string {
  const name = basename(tape).replace(/\.zip$/i, '') || 'tape';
  if (Buffer.byteLength(name) <= MOST) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  let cut = '';
  for (const character of name) {
    if (Buffer.byteLength(cut + character) > MOST - hash.length - 1) break;
    cut += character;
  }
  return `${cut}-${hash}`;
}
