import type { EncodedPacket, InputTrack } from 'mediabunny';
import { BakeError } from '../errors.ts';
import { loadMediabunny } from './mediabunny.ts';

/** Bytes that are kept of what was read. The largest packet has to fit in. */
const KEPT = 16 * 1024 * 1024;

/** What an encoder gave. */
export interface Packets<Config> {
  readonly config: Config;
  /** In the order of decoding, each as soon as it has come. */
  readonly packets: AsyncIterable<EncodedPacket>;
}

/** Reads the pictures' packets out of Matroska while it comes. Throws VERIFY_FAILED when it holds none, or is damaged. */
export async function readPictures(bytes: AsyncIterable<Uint8Array>): Promise<Packets<VideoDecoderConfig>> {
  return await reading('pictures', async () => {
    const track = await open(bytes).getPrimaryVideoTrack();
    return { config: await track?.getDecoderConfig(), packets: packetsOf(track) };
  });
}

/** The same for sound. */
export async function readSound(bytes: AsyncIterable<Uint8Array>): Promise<Packets<AudioDecoderConfig>> {
  return await reading('sound', async () => {
    const track = await open(bytes).getPrimaryAudioTrack();
    return { config: await track?.getDecoderConfig(), packets: packetsOf(track) };
  });
}

async function reading<Config>(
  what: string,
  read: () => Promise<{ config: Config | null | undefined; packets: AsyncIterable<EncodedPacket> }>,
): Promise<Packets<Config>> {
  const unreadable = (cause: unknown) =>
    new BakeError('VERIFY_FAILED', `The encoder gave no ${what} that can be read.`, { cause });
  const { config, packets } = await read().catch((cause: unknown) => {
    throw unreadable(cause);
  });
  if (!config) throw unreadable(undefined);
  return { config, packets: mapping(packets, unreadable) };
}

function open(bytes: AsyncIterable<Uint8Array>) {
  const { Input, MATROSKA, ReadableStreamSource } = loadMediabunny();
  // What goes wrong between two reads is met by the next one.
  const options = { maxCacheSize: KEPT, handleUnhandledError: () => {} };
  const source = new ReadableStreamSource(ReadableStream.from(bytes), options);
  return new Input({ formats: [MATROSKA], source });
}

async function* packetsOf(track: InputTrack | null): AsyncGenerator<EncodedPacket> {
  const { EncodedPacketSink } = loadMediabunny();
  if (track) yield* new EncodedPacketSink(track).packets();
}

async function* mapping<T>(values: AsyncIterable<T>, map: (cause: unknown) => Error): AsyncGenerator<T> {
  const iterator = values[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await iterator.next().catch((cause: unknown) => {
      throw map(cause);
    });
    if (done) return;
    yield value;
  }
}
