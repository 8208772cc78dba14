import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeMp4 } from '../../../service/bake/container/mp4.ts';
import {
  interleave,
  type PictureTrack,
  readPackets,
  type SoundTrack,
  type TimedPacket,
} from '../../../service/bake/container/packets.ts';
import { writeWebm } from '../../../service/bake/container/webm.ts';
import { argv } from '../../../service/lib/argv.ts';
import { collect } from './collect.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oven-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The starts of four pictures, in seconds, and the end. The last picture is long. */
const TIMES = [0, 0.5, 0.51, 0.9, 3.4];
const KINDS = {
  mp4: { video: ['libx264', '-bf', '0'], sound: ['aac'], write: writeMp4 },
  webm: {
    video: ['libvpx-vp9', '-deadline', 'realtime', '-lag-in-frames', '0'],
    sound: ['libopus'],
    write: (path: string, pictures: PictureTrack, sound: SoundTrack | undefined) =>
      writeWebm(path, pictures, sound, TIMES.at(-1)!),
  },
} as const;

async function packetsOf(...args: readonly string[]) {
  const command = argv`-v error -f lavfi ${args} -f matroska -`;
  const { stdout } = await execa('ffmpeg', command, { encoding: 'buffer' });
  const { track, packets } = await readPackets(ReadableStream.from([stdout]));
  return { track, packets: await collect(packets) };
}

async function pictures(kind: keyof typeof KINDS): Promise<PictureTrack> {
  const { track, packets } = await packetsOf(
    ...argv`
      -i testsrc=s=64x48:r=10:d=0.4
      -pix_fmt yuv420p -colorspace bt709 -color_range tv
      -c:v ${KINDS[kind].video}
    `,
  );
  const timed = packets.map(({ data, key }, n) => ({
    data,
    key,
    start: TIMES[n]!,
    end: TIMES[n + 1]!,
    last: n === packets.length - 1,
  }));
  return {
    description: track.description,
    width: 64,
    height: 48,
    packets: ReadableStream.from<TimedPacket>(timed),
  };
}

async function sound(kind: keyof typeof KINDS): Promise<SoundTrack> {
  const { track, packets } = await packetsOf('-i', 'sine=r=48000:d=0.1', '-c:a', ...KINDS[kind].sound);
  const [delay, each] = kind === 'mp4' ? [1024 / 48_000, 1024 / 48_000] : [312 / 48_000, 0.02];
  const timed = packets.map(({ data }, n) => {
    const start = n * each - delay;
    return { data, key: true, start, end: start + each, last: n === packets.length - 1 };
  });
  return { ...track, packets: timed, delay, surplus: 0 };
}

async function probe(path: string) {
  const { stdout } = await execa('ffprobe', [
    ...argv`-v error -show_streams -show_format -show_packets -of json ${path}`,
  ]);
  return JSON.parse(stdout) as {
    streams: { codec_type: string; color_space?: string; color_range?: string; duration?: string }[];
    format: { duration: string };
    packets: { codec_type: string; pts_time: string; duration_time?: string }[];
  };
}

describe.each(['mp4', 'webm'] as const)('%s', (kind) => {
  it(`The container ${kind} has every picture at its time, the last up to the end`, async () => {
    const path = join(folder, `times.${kind}`);
    await KINDS[kind].write(path, await pictures(kind), await sound(kind));
    const { streams, format, packets } = await probe(path);
    const shown = packets.filter(({ codec_type }) => codec_type === 'video');
    expect(shown.map(({ pts_time }) => Number(pts_time))).toEqual(TIMES.slice(0, -1));
    expect(Number(shown.at(-1)!.duration_time)).toBeCloseTo(2.5, 3);
    expect(Number(format.duration)).toBeCloseTo(TIMES.at(-1)!, 3);
    expect(streams[0]).toMatchObject({ color_space: 'bt709', color_range: 'tv' });
  });

  it(`The container ${kind} has the same bytes each time`, async () => {
    const paths = ['one', 'two'].map((name) => join(folder, `${name}.${kind}`));
    for (const path of paths) await KINDS[kind].write(path, await pictures(kind), undefined);
    const [one, two] = await Promise.all(paths.map((path) => readFile(path)));
    expect(one!.equals(two!)).toBe(true);
  });

  it(`The container ${kind} leaves no other file when its packets fail`, async () => {
    const path = join(folder, `failed.${kind}`);
    const track = await pictures(kind);
    const failing = async function* () {
      yield* track.packets;
      throw new Error('no more');
    };
    const writing = KINDS[kind].write(path, { ...track, packets: failing() }, undefined);
    await expect(writing).rejects.toThrow('no more');
    await expect(readFile(`${path}.data`)).rejects.toThrow('ENOENT');
  });
});

it('interleave puts sound that starts before a picture before it, except the first picture', async () => {
  const at = (start: number) => ({ data: new Uint8Array(), key: true, start, end: start, last: false });
  const pictures = ReadableStream.from([at(0), at(0.5), at(0.6)]);
  const order = await collect(interleave(pictures, [at(-0.02), at(0), at(0.02), at(0.55), at(0.7)]));
  expect(order.map(({ of, packet }) => `${of} ${packet.start}`)).toEqual([
    'pictures 0',
    'sound -0.02',
    'sound 0',
    'sound 0.02',
    'pictures 0.5',
    'sound 0.55',
    'pictures 0.6',
    'sound 0.7',
  ]);
});
