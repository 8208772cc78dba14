import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { fileTypes, OUTPUT_KINDS } from '../service/bake/outputs.ts';

/** Bytes of a file's name at most, on common file systems. */
const MAX_NAME_BYTES = 255;
const LONGEST_ENDING = Math.max(...OUTPUT_KINDS.flatMap(fileTypes).map(({ ending }) => ending.length));
const MAX_BYTES = MAX_NAME_BYTES - LONGEST_ENDING;

/**
 * The file name of a tape's outputs, without their endings: the name of the ZIP without .zip. A name that is too long is cut, and
 * a hash keeps it unlike other long names.
 */
export function fileNameOf(tape: string): string {
  const name = basename(tape).replace(/\.zip$/i, '') || 'tape';
  if (Buffer.byteLength(name) <= MAX_BYTES) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  let cut = '';
  for (const character of name) {
    if (Buffer.byteLength(cut + character) > MAX_BYTES - hash.length - 1) break;
    cut += character;
  }
  return `${cut}-${hash}`;
}
