import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { rgba } from '../tapes/canvas.ts';
import { bars, changes, pathOf, timed, useBakeFixture } from './fixture.ts';
import { expectVideo } from './inspect.ts';

const fixture = useBakeFixture();

/** The table of CRC-32, and the index of the value that begins with each byte. */
const TABLE = Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});
const startingWith = (byte: number) => TABLE.findIndex((value) => value >>> 24 === byte);

/** `head`, four bytes and `tail`. Walking the table backwards gives four bytes with which the whole has the checksum `wanted`. */
function forge(head: Buffer, tail: Buffer, wanted: number): Buffer {
  let state = ~wanted >>> 0;
  for (const byte of tail.toReversed()) {
    const index = startingWith(state >>> 24);
    state = (((state ^ TABLE[index]!) << 8) | (index ^ byte)) >>> 0;
  }
  const steps: number[] = [];
  for (let n = 0; n < 4; n++) {
    const index = startingWith(state >>> 24);
    steps.unshift(index);
    state = ((state ^ TABLE[index]!) << 8) >>> 0;
  }
  let before = ~crc32(head) >>> 0;
  const four = steps.map((index) => {
    const byte = (before ^ index) & 0xff;
    before = (before >>> 8) ^ TABLE[index]!;
    return byte;
  });
  return Buffer.concat([head, Buffer.from(four), tail]);
}

/** A PNG of `size` bytes with the checksum `wanted`. A chunk that no reader knows stands before its end. */
function disguise(png: Buffer, size: number, wanted: number): Buffer {
  const END_BYTES = 12;
  const [pixels, end] = [png.subarray(0, -END_BYTES), png.subarray(-END_BYTES)];
  const padding = Buffer.alloc(size - png.length - 16);
  const chunk = Buffer.concat([Buffer.alloc(4), Buffer.from('noNe'), padding]);
  chunk.writeUInt32BE(padding.length + 4);
  return forge(Buffer.concat([pixels, chunk]), Buffer.concat([Buffer.alloc(4), end]), wanted);
}

describe('different frames of the same checksum and size', () => {
  const durations = [40, 40, 40, 16.67];
  const forgery = async () => {
    const colours = [rgba(220, 30, 30), rgba(30, 60, 220)];
    const frames = await Promise.all(colours.map((colour) => bars(32, 24, [colour])));
    const size = 16 + Math.max(...frames.map(({ length }) => length));
    const [a, b] = frames.map((png) => disguise(png, size, 0x0badcafe));
    return [a!, b!] as const;
  };

  it('Different frames of the same checksum and size are told apart in the video and in the report', async () => {
    const [a, b] = await forgery();
    expect(crc32(a)).toBe(crc32(b));
    const frames = [a, b, b, a];
    await fixture.compose(timed(frames, durations));
    const report = await fixture.bake();
    expect(report.uniqueFrames).toBe(3);
    await expectVideo(pathOf(report, 'mp4'), changes(frames, durations));
  });

  it('Different frames of the same checksum and size are told apart in a bake without a video', async () => {
    const [a, b] = await forgery();
    await fixture.compose(timed([a, b, b, a], durations));
    const report = await fixture.bake({ outputs: [{ kind: 'thumbnail' }] });
    expect(report.uniqueFrames).toBe(3);
  });
});
