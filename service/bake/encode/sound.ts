import { readPackets } from '../container/packets.ts';
import type { SoundTrack } from '../container/track.ts';
import type { UnpackedSound } from '../unpack.ts';
import { soundArguments, type VideoKind } from './command.ts';
import { runFfmpeg, type Watch } from './ffmpeg.ts';

/** Samples at the beginning of ffmpeg's AAC that stand before the sound. */
const AAC_DELAY = 1024;
/** Samples in a packet of AAC, at the rate of the sound. */
const AAC_PACKET = 1024;
/** Opus has this rate, whatever it was given, and packets of 20 ms. */
const OPUS_RATE = 48_000;
const OPUS_PACKET = OPUS_RATE / 50;
/** Where the header of Opus (RFC 7845) tells how many samples stand before the sound. */
const OPUS_DELAY_AT = 10;

/** Encodes the sound, and gives each packet its time by counting. Throws what `runFfmpeg` does. */
export async function encodeSound(kind: VideoKind, sound: UnpackedSound, watch: Watch): Promise<SoundTrack> {
  return await runFfmpeg(soundArguments(kind, sound), { take: (bytes) => take(kind, sound, bytes) }, watch);
}

async function take(
  kind: VideoKind,
  { seconds }: UnpackedSound,
  bytes: AsyncIterable<Uint8Array>,
): Promise<SoundTrack> {
  const { track, packets } = await readPackets(bytes);
  const data: Uint8Array[] = [];
  for await (const packet of packets) data.push(packet.data);
  const { delay, each } = kind === 'mp4' ? aac(track.sampleRate) : opus(track.description);
  const needed = Math.min(data.length, Math.ceil((delay + seconds) / each));
  const end = needed * each - delay;
  const surplus = Math.max(0, end - seconds);
  return {
    ...track,
    packets: data.slice(0, needed).map((data, n) => {
      const last = n === needed - 1;
      const start = n * each - delay;
      return { data, key: true, start, end: last ? end - surplus : start + each, last };
    }),
    delay,
    surplus,
  };
}

/** Seconds before the sound, and seconds of a packet. */
function aac(rate: number) {
  return { delay: AAC_DELAY / rate, each: AAC_PACKET / rate };
}

function opus({ buffer, byteOffset }: Uint8Array) {
  const delay = new DataView(buffer, byteOffset).getUint16(OPUS_DELAY_AT, true);
  return { delay: delay / OPUS_RATE, each: OPUS_PACKET / OPUS_RATE };
}
