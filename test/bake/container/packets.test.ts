import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { element, elementId, UNKNOWN_SIZE, unsigned } from '../../../service/bake/container/matroska.ts';
import { type Packet, type Packets, readPackets } from '../../../service/bake/container/packets.ts';
import { argv } from '../../../service/lib/argv.ts';
import { collect } from './collect.ts';

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function all({ track, packets }: Packets): Promise<{ track: Packets['track']; packets: Packet[] }> {
  return { track, packets: await collect(packets) };
}

/** The bytes that ffmpeg writes to a pipe, and the packets that ffprobe finds in them. */
async function encoded(...args: readonly string[]) {
  const command = argv`-v error -f lavfi ${args} -f matroska -cluster_time_limit 200 -`;
  const { stdout } = await execa('ffmpeg', command, { encoding: 'buffer' });
  const probe = argv`-v error -show_entries packet=size,flags,pts_time -of json -`;
  const probed = await execa('ffprobe', probe, { input: stdout });
  const { packets } = JSON.parse(probed.stdout) as {
    packets: { size: string; flags: string; pts_time: string }[];
  };
  return { bytes: Buffer.from(stdout), packets };
}

describe('readPackets', () => {
  it('readPackets reads pictures with B-frames from pieces of any length', async () => {
    const { bytes, packets } = await encoded('-i', 'testsrc=s=64x48:r=60:d=1', '-c:v', 'libx264', '-bf', '3');
    for (const length of [1, 7, 1000, bytes.length]) {
      const found = await all(await readPackets(inPieces(bytes, length)));
      expect(found.packets.map(({ data }) => data.length)).toEqual(packets.map(({ size }) => Number(size)));
      expect(found.packets.map(({ key }) => key)).toEqual(packets.map(({ flags }) => flags.startsWith('K')));
      expect(found.packets.map(({ time }) => time / 1000)).toEqual(
        packets.map((each) => Number(each.pts_time)),
      );
      // An AVCDecoderConfigurationRecord begins with its version.
      expect(found.track.description[0]).toBe(1);
    }
  });

  it('readPackets reads sound from pieces of any length', async () => {
    const { bytes, packets } = await encoded('-i', 'sine=r=48000:d=1', '-c:a', 'libopus', '-ac', '2');
    const { track, packets: found } = await all(await readPackets(inPieces(bytes, 100)));
    expect(found.map(({ data }) => data.length)).toEqual(packets.map(({ size }) => Number(size)));
    expect(track).toMatchObject({ sampleRate: 48_000, channels: 2 });
    expect(Buffer.from(track.description).toString('latin1', 0, 8)).toBe('OpusHead');
  });
});

describe('damaged streams', () => {
  const head = element(0x1a45dfa3);
  const cluster = Buffer.concat([elementId(0x1f43b675), UNKNOWN_SIZE, element(0xe7, unsigned(0))]);
  const block = element(0xa3, Buffer.from([0x81, 0, 0, 0x80, 1, 2, 3]));
  const whole = Buffer.concat([head, cluster, block]);

  it('readPackets reads the stream that the damaged ones are made of', async () => {
    const { packets } = await all(await readPackets(inPieces(whole, 5)));
    expect(packets.map(({ data, time, key }) => [...data, time, key])).toEqual([[1, 2, 3, 0, true]]);
  });

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(64)],
    ['text', Buffer.from('This is no video.')],
    ['no packet', Buffer.concat([head, cluster])],
    ['a cut in a packet', whole.subarray(0, -1)],
    [
      'a packet of more than memory holds',
      Buffer.concat([head, cluster, Buffer.from('a308ffffffffffff', 'hex')]),
    ],
    ['zeros after a packet', Buffer.concat([whole, Buffer.alloc(16)])],
  ])('readPackets refuses a damaged stream with VERIFY_FAILED: %s', async (_, bytes) => {
    const reading = readPackets(inPieces(bytes, 10)).then(all);
    await expect(reading).rejects.toMatchObject({ code: 'VERIFY_FAILED' });
  });
});
