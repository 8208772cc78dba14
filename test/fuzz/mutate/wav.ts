import { wav, wavChunk } from '../../tapes/hostile/parts.ts';
import { pick, type Random } from '../../tapes/random.ts';
import { below, damage, oddInteger, oneIn } from './bytes.ts';

const FORMATS = [0, 1, 2, 3, 6, 7, 0x11, 0x31, 0x50, 0x55, 0xff, 0x161, 0xfffe, 0xffff];
const BITS = [0, 1, 4, 8, 12, 16, 20, 24, 32, 64, 255];
const RATES = [0, 1, 7, 4000, 8000, 44_100, 48_000, 192_000, 768_000, 0x7fffffff, 0xffffffff];
const CHUNKS = ['LIST', 'fact', 'JUNK', 'cue ', 'data', 'fmt ', 'ds64', 'smpl', 'bext', '\0\0\0\0', 'id3 '];
const FAMILIES = ['RIFX', 'RF64', 'BW64', 'riff', 'FORM'];
/** Bytes up to the first chunk after `fmt `. */
const HEADER_BYTES = 36;

/** A WAV file with an odd format, odd chunks or odd lengths; in some cases a damaged one. */
export function mutateWav(random: Random, seed: Buffer): Buffer {
  const made = oddWav(random);
  if (oneIn(random, 3)) return damage(random, seed, made);
  return oneIn(random, 3) ? damage(random, made, seed) : made;
}

function oddWav(random: Random): Buffer {
  const bytes = below(random, 40_000);
  const chunks = Array.from({ length: below(random, 4) }, () => {
    const length = below(random, oneIn(random, 9) ? 70_000 : 60);
    return wavChunk(pick(random, CHUNKS), Buffer.alloc(length, below(random, 256)));
  });
  if (oneIn(random, 5)) {
    const head = Buffer.alloc(8);
    head.write(pick(random, CHUNKS), 'latin1');
    head.writeUInt32LE(oddInteger(random, 4, bytes), 4);
    chunks.push(head);
  }
  const claimed = oneIn(random, 3) ? oddInteger(random, 4, bytes) : bytes;
  const made = wav({ bytes, claimed, before: Buffer.concat(chunks) });
  if (oneIn(random, 2)) made.writeUInt16LE(pick(random, FORMATS), 20);
  made.writeUInt16LE(oneIn(random, 3) ? oddInteger(random, 2, 2) : 1 + below(random, 8), 22);
  made.writeUInt32LE(pick(random, RATES), 24);
  const bits = pick(random, BITS);
  const block = Math.ceil((made.readUInt16LE(22) * bits) / 8);
  made.writeUInt16LE(oneIn(random, 4) ? oddInteger(random, 2, block) : block % 0x10000, 32);
  made.writeUInt16LE(bits, 34);
  if (oneIn(random, 4)) made.write(pick(random, FAMILIES), 0, 'latin1');
  // Noise, so that there are numbers of all kinds, and floats that are none.
  for (let at = Math.max(HEADER_BYTES, made.length - bytes); at < made.length; at++)
    made[at] = below(random, 256);
  return made;
}
