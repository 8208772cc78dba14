import { readPackets, type SoundTrack } from '../container/packets.ts';
import type { RunOptions } from '../ffmpeg.ts';
import type { UnpackedSound } from '../sound/unpack.ts';
import { type SoundPlan, soundArguments } from './command.ts';
import { runEncoder } from './run-encoder.ts';

/** Audio samples that ffmpeg's AAC puts before the sound. */
const AAC_DELAY = 1024;
/** Audio samples in a packet of AAC, at the rate of the sound. */
const AAC_PACKET = 1024;
/** Opus always has this rate inside, and packets of 20 ms. */
const OPUS_RATE = 48_000;
const OPUS_PACKET = OPUS_RATE / 50;
/** The place in the header of Opus (RFC 7845) that tells how many audio samples stand before the sound. */
const OPUS_DELAY_AT = 10;

/** Encodes the sound, and gives each packet its time by counting. Throws as `runEncoder`. */
export async function encodeSound(
  plan: SoundPlan,
  sound: UnpackedSound,
  run: RunOptions,
): Promise<SoundTrack> {
  const take = async (bytes: AsyncIterable<Uint8Array>) => {
    const { track, packets } = await readPackets(bytes);
    const data: Uint8Array[] = [];
    for await (const packet of packets) data.push(packet.data);
    const { delay, each } =
      plan.container === 'mp4' ? aacTimes(track.sampleRate) : opusTimes(track.description);
    return { ...track, ...cutToEnd(data, delay, each, plan.seconds), delay };
  };
  return await runEncoder(soundArguments(plan, sound), { take }, run);
}

/** Leaves out the packets after the sound's end. `delay` is the time before the sound, `each` that of a packet, both in seconds. */
function cutToEnd(
  data: readonly Uint8Array[],
  delay: number,
  each: number,
  seconds: number,
): Pick<SoundTrack, 'packets' | 'surplus'> {
  const needed = Math.min(data.length, Math.ceil((delay + seconds) / each));
  const end = needed * each - delay;
  const surplus = Math.max(0, end - seconds);
  const packets = data.slice(0, needed).map((data, n) => {
    const last = n === needed - 1;
    const start = n * each - delay;
    return { data, key: true, start, end: last ? end - surplus : start + each, last };
  });
  return { packets, surplus };
}

/** Seconds before the sound, and seconds of a packet. */
function aacTimes(rate: number) {
  return { delay: AAC_DELAY / rate, each: AAC_PACKET / rate };
}

function opusTimes({ buffer, byteOffset }: Uint8Array) {
  const delay = new DataView(buffer, byteOffset).getUint16(OPUS_DELAY_AT, true);
  return { delay: delay / OPUS_RATE, each: OPUS_PACKET / OPUS_RATE };
}
