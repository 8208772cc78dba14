import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bake } from '../../service/bake/bake.ts';
import type { OutputKind } from '../../service/bake/outputs.ts';
import { frameEntryName, png, pngChunk, tapeEntries, withEntries } from '../tapes/hostile/parts.ts';
import { zip } from '../tapes/hostile/zip.ts';
import { failure, type Scratch, scratch } from './scratch.ts';

let folders: Scratch;

beforeAll(async () => {
  folders = await scratch();
});
beforeEach(() => folders.empty());
afterAll(() => folders.remove());

/** A PNG with a right header and other pixel data. */
function pngWith(...data: readonly Buffer[]): Buffer {
  const whole = png();
  return Buffer.concat([whole.subarray(0, 33), ...data, pngChunk('IEND', Buffer.alloc(0))]);
}

const flipped = Buffer.from(png());
flipped[flipped.length - 18]! ^= 0xff;

/** Frames with the header of a PNG and the right CRC-32 in the ZIP, which can't be decoded. */
const DAMAGED: readonly [string, Buffer][] = [
  ['pixel data that is not zlib', pngWith(pngChunk('IDAT', Buffer.from('these are no pixels')))],
  ['pixel data with a bit turned', flipped],
  ['no pixel data', pngWith()],
  ['its end cut off', png().subarray(0, 48)],
];

describe('FRAME_CORRUPT', () => {
  const tapeOf = async (at: number, data: Buffer) => {
    const path = join(folders.root, 'tape.zip');
    await writeFile(path, zip(withEntries(tapeEntries(), { name: frameEntryName(at), data })));
    return path;
  };
  const fault = async (path: string, kinds: readonly OutputKind[]) => {
    const outputs = kinds.map((kind) => ({ kind }));
    const options = { outDir: folders.out, tempDir: folders.temp, name: 'tape', outputs };
    const { code } = await failure(bake(path, options));
    expect(await folders.left()).toEqual([]);
    return code;
  };

  describe.each(DAMAGED)('%s', (what, data) => {
    it.each([
      ['first', 0],
      ['middle', 1],
      ['last', 2],
    ] as const)(`A bake fails with FRAME_CORRUPT when the %s frame has ${what}`, async (_where, at) => {
      expect(await fault(await tapeOf(at, data), ['mp4', 'thumbnail'])).toBe('FRAME_CORRUPT');
      expect(await fault(await tapeOf(at, data), ['mp4'])).toBe('FRAME_CORRUPT');
    });
  });

  it.each<OutputKind>(['webm', 'gif', 'webp'])(
    'A damaged frame fails the making of a %s with FRAME_CORRUPT',
    async (kind) => {
      expect(await fault(await tapeOf(0, DAMAGED[0]![1]), [kind])).toBe('FRAME_CORRUPT');
    },
  );
});
