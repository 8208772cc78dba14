import { deflateSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { pngChunk } from '../../tapes/hostile/parts.ts';
import { bars, timed, useBakeFixture } from '../fixture.ts';
import { failure } from '../scratch.ts';
import { seeFrames, useImages } from './seen.ts';

const fixture = useBakeFixture();
const images = useImages();
const [WIDTH, HEIGHT, HEAD] = [16, 12, 33];

const plain = await bars(WIDTH, HEIGHT, [0xff2040c0, 0xff80e010]);
/** The contents of the picture's IDAT, and the unpacked rows: a byte for the filter and 4 bytes for each pixel. */
const packed = plain.subarray(HEAD + 8, -16);
const rows = inflateSync(packed);
const STRIDE = 1 + WIDTH * 4;

const IEND = pngChunk('IEND', Buffer.alloc(0));
const idat = (data: Buffer) => pngChunk('IDAT', data);
/** A PNG of the picture's header and other parts. */
const png = (...chunks: readonly Buffer[]) => Buffer.concat([plain.subarray(0, HEAD), ...chunks]);
const withChunk = (type: string, body: Buffer) => png(pngChunk(type, body), idat(packed), IEND);
/** A copy with one byte changed; a negative place counts from the end. */
const changed = (bytes: Buffer, at: number, value: number) => {
  const copy = Buffer.from(bytes);
  copy[at < 0 ? copy.length + at : at] = value;
  return copy;
};
const wrongSum = (chunk: Buffer) => changed(chunk, -1, chunk.at(-1)! ^ 1);

const HARMLESS: readonly [string, Buffer][] = [
  ['bytes after its end', Buffer.concat([plain, Buffer.from('\n')])],
  ['another PNG after its end', Buffer.concat([plain, plain])],
  ['no end', png(idat(packed))],
  ['an end that is cut off', plain.subarray(0, -5)],
  ['a colour profile that is none', withChunk('iCCP', Buffer.from('broken\0\0nonsense'))],
  [
    'a colour profile with a wrong checksum',
    png(wrongSum(pngChunk('iCCP', Buffer.from('p\0\0'))), idat(packed), IEND),
  ],
  [
    'a profile that unpacks to 40 MB',
    withChunk('iCCP', Buffer.concat([Buffer.from('bomb\0\0'), deflateSync(Buffer.alloc(4e7))])),
  ],
  ['the colours of Display P3', withChunk('cICP', Buffer.from([12, 13, 0, 1]))],
  ['a gamma of 1', withChunk('gAMA', Buffer.from([0, 1, 0x86, 0xa0]))],
  [
    'an orientation, turned',
    withChunk('eXIf', Buffer.from('4d4d002a000000080001011200030000000100060000', 'hex')),
  ],
  ['60 KB of text', withChunk('tEXt', Buffer.alloc(60_000, 'x'))],
  ['a palette that is only suggested', withChunk('PLTE', Buffer.alloc(6))],
  ['a transparent colour, which RGBA can not have', withChunk('tRNS', Buffer.alloc(6))],
  ['an animation', withChunk('acTL', Buffer.alloc(8))],
];

describe('parts without pixels', () => {
  it.each(HARMLESS)('A picture is seen without its parts that make no pixels: %s', async (_what, bytes) => {
    await fixture.compose(timed([bytes], [40]));
    const { pictures } = await seeFrames(fixture.path('tape.zip'), images);
    expect(pictures[0]!.equals(plain)).toBe(true);
  });
});

const DAMAGED: readonly [string, Buffer][] = [
  ['half of its data', png(idat(packed.subarray(0, packed.length / 2)), IEND)],
  ['a row too few', png(idat(deflateSync(rows.subarray(STRIDE))), IEND)],
  ['a byte too few', png(idat(deflateSync(rows.subarray(1))), IEND)],
  ['a row with a filter that there is not', png(idat(deflateSync(changed(rows, 5 * STRIDE, 5))), IEND)],
  ['a wrong checksum of its pixels', png(idat(changed(packed, -1, packed.at(-1)! ^ 1)), IEND)],
  ['a wrong checksum of its IDAT', png(wrongSum(idat(packed)), IEND)],
  ['a wrong checksum of its end', png(idat(packed), wrongSum(IEND))],
  [
    'its pixels in two places',
    png(idat(packed.subarray(0, 9)), pngChunk('tEXt', Buffer.alloc(4)), idat(packed.subarray(9)), IEND),
  ],
  ['a part that a decoder must know', png(pngChunk('MUST', Buffer.alloc(4)), idat(packed), IEND)],
  ['nothing but zeros for pixels', png(idat(Buffer.alloc(40)), IEND)],
  ['an empty IDAT', png(idat(Buffer.alloc(0)), IEND)],
];

describe('damaged frames', () => {
  const fault = async (bytes: Buffer, at: number, kind: 'mp4' | 'gif' | 'thumbnail') => {
    const other = await bars(WIDTH, HEIGHT, [0xff102030]);
    const frames = [plain, other, plain, other, plain];
    frames[at] = bytes;
    await fixture.compose(timed(frames, [40, 40, 40, 40, 40]));
    const { code, message } = await failure(fixture.bake({ outputs: [{ kind }] }));
    expect(await fixture.served()).toEqual([]);
    return { code, message };
  };

  it.each(DAMAGED)(
    'A damaged frame under a right checksum of the ZIP fails with FRAME_CORRUPT: %s',
    async (_what, bytes) => {
      expect(await fault(bytes, 1, 'mp4')).toMatchObject({ code: 'FRAME_CORRUPT' });
      // The thumbnail shows the middle frame, not the damaged one.
      const { code, message } = await fault(bytes, 4, 'thumbnail');
      expect(code).toBe('FRAME_CORRUPT');
      expect(message).toContain('frame-00004.png');
    },
  );
});

it('The decoder detects damage in frames that are not checked before', async () => {
  const [width, height] = [1100, 1000];
  const [first, second] = await Promise.all([
    bars(width, height, [0xff2040c0]),
    bars(width, height, [0xff80e010]),
  ]);
  const data = deflateSync(inflateSync(second.subarray(HEAD + 8, -16)).subarray(0, -1 - width * 4));
  const cut = Buffer.concat([second.subarray(0, HEAD), idat(data), IEND]);
  await fixture.compose(timed([first, cut, first], [40, 40, 40]));
  expect((await failure(fixture.bake({ outputs: [{ kind: 'mp4', scale: 1 }] }))).code).toBe('FRAME_CORRUPT');
});

describe('transparent colours', () => {
  it('A bake begins again with an alpha channel at a transparent colour', async () => {
    const ihdr = Buffer.from(plain.subarray(16, 29));
    ihdr[9] = 2;
    const pixels = Buffer.concat(
      Array.from({ length: HEIGHT }, () => Buffer.concat([Buffer.alloc(1), Buffer.alloc(WIDTH * 3, 90)])),
    );
    const rgb = (...chunks: readonly Buffer[]) =>
      Buffer.concat([
        plain.subarray(0, 8),
        pngChunk('IHDR', ihdr),
        ...chunks,
        idat(deflateSync(pixels)),
        IEND,
      ]);
    const transparent = rgb(pngChunk('tRNS', Buffer.from([0, 90, 0, 90, 0, 90])));
    await fixture.compose(timed([rgb(), transparent], [40, 40]));
    const { pictures, assumed } = await seeFrames(fixture.path('tape.zip'), images);
    expect(assumed.alpha).toBe(true);
    expect(pictures.map((picture) => picture[25])).toEqual([6, 6]);
    const report = await fixture.bake();
    expect(report.uniqueFrames).toBe(2);
  });
});
