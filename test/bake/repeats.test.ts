import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { rgba } from '../tapes/canvas.ts';
import { bars, changes, pathOf, timed, useKitchen } from './kitchen.ts';
import { expectVideo } from './look.ts';

const kitchen = useKitchen();

/** Four bytes that, put after `bytes`, give the whole the checksum `wanted`: the table of CRC-32, walked backwards. */
function forge(bytes: Buffer, wanted: number): Buffer {
  const table = Array.from({ length: 256 }, (_, n) => {
    let value = n;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value >>> 0;
  });
  const steps: number[] = [];
  let back = ~wanted >>> 0;
  for (let n = 0; n < 4; n++) {
    const index = table.findIndex((value) => value >>> 24 === back >>> 24);
    steps.unshift(index);
    back = ((back ^ table[index]!) << 8) >>> 0;
  }
  let state = ~crc32(bytes) >>> 0;
  const forged = steps.map((index) => {
    const byte = (state ^ index) & 0xff;
    state = (state >>> 8) ^ table[index]!;
    return byte;
  });
  return Buffer.concat([bytes, Buffer.from(forged)]);
}

describe('frames of one checksum and one size that differ', () => {
  const durations = [40, 40, 40, 16.67];
  const forgery = async () => {
    const colours = [rgba(220, 30, 30), rgba(30, 60, 220)];
    const frames = await Promise.all(colours.map((colour) => bars(32, 24, [colour])));
    const size = Math.max(...frames.map(({ length }) => length));
    // What stands after the end of a PNG is nothing to those who read it.
    const [a, b] = frames.map((png) =>
      forge(Buffer.concat([png, Buffer.alloc(size - png.length)]), 0x0badcafe),
    );
    return [a!, b!] as const;
  };

  it('are told apart, in the video and in the report', async () => {
    const [a, b] = await forgery();
    expect(crc32(a)).toBe(crc32(b));
    const frames = [a, b, b, a];
    await kitchen.compose(timed(frames, durations));
    const report = await kitchen.bake();
    expect(report.uniqueFrames).toBe(3);
    await expectVideo(pathOf(report, 'mp4'), changes(frames, durations));
  });

  it('are told apart where no video is asked for', async () => {
    const [a, b] = await forgery();
    await kitchen.compose(timed([a, b, b, a], durations));
    const report = await kitchen.bake({ outputs: [{ kind: 'thumbnail' }] });
    expect(report.uniqueFrames).toBe(3);
  });
});
