import { BakeError } from '../errors.ts';

/*
 * Reads the Matroska (RFC 9559) that ffmpeg writes to a pipe: one track, no lacing. mediabunny reads it too, but takes ten times as
 * much of the processor, which the encoder needs.
 */

/** One packet from the encoder. */
export interface Packet {
  readonly data: Uint8Array;
  /** Milliseconds. */
  readonly time: number;
  /** Whether decoding can begin with it. */
  readonly key: boolean;
}

/** The track, as the file describes it before the first packet. */
export interface Track {
  /** The decoder's configuration. */
  readonly description: Uint8Array<ArrayBuffer>;
  /** Audio samples a second, and channels; 0 for pictures. */
  readonly sampleRate: number;
  readonly channels: number;
}

/** The output of an encoder. */
export interface Packets {
  readonly track: Track;
  /** In the order of decoding, each as soon as it arrives. */
  readonly packets: AsyncIterable<Packet>;
}

/** Elements whose children are read one by one, as they arrive: segment, tracks, track entry, audio, cluster. */
const MASTER_IDS = new Set([0x18538067, 0x1654ae6b, 0xae, 0xe1, 0x1f43b675]);
const ID = {
  ebml: 0x1a45dfa3,
  codecPrivate: 0x63a2,
  samplingFrequency: 0xb5,
  channels: 0x9f,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  referenceBlock: 0xfb,
};
const KEYFRAME = 0x80;
/** Bytes of the largest element. A larger one means that the stream is damaged. */
const MAX_ELEMENT_BYTES = 256 * 1024 * 1024;

/** Reads up to the first packet. Throws VERIFY_FAILED where there is none; reading packets throws it for a damaged stream. */
export async function readPackets(bytes: AsyncIterable<Uint8Array>): Promise<Packets> {
  const reader = new PacketReader();
  const packets = reader.read(bytes);
  const first = await packets.next();
  if (first.done) throw new BakeError('VERIFY_FAILED', 'The encoder gave nothing.');
  const all = async function* () {
    yield first.value;
    yield* packets;
  };
  return { track: reader.track, packets: all() };
}

class PacketReader {
  readonly track = { description: new Uint8Array(), sampleRate: 0, channels: 0 };
  #begun = false;
  #clusterTime = 0;

  async *read(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Packet> {
    let rest: Buffer = Buffer.alloc(0);
    // A large packet comes in many chunks. They are joined only when all of it has arrived.
    let waiting: Uint8Array[] = [];
    let [available, needed] = [0, 0];
    for await (const chunk of bytes) {
      waiting.push(chunk);
      available += chunk.length;
      if (available < needed) continue;
      rest = Buffer.concat([rest, ...waiting]);
      waiting = [];
      let at = 0;
      for (;;) {
        const element = readHead(rest, at);
        needed = 0;
        if (!element) break;
        const end = MASTER_IDS.has(element.id) ? element.content : element.content + element.size;
        needed = end - at;
        if (end > rest.length) break;
        const packet = this.#take(element.id, rest.subarray(element.content, end));
        if (packet) yield packet;
        at = end;
      }
      rest = rest.subarray(at);
      available = rest.length;
    }
    if (available > 0) throw damaged();
  }

  #take(id: number, content: Buffer): Packet | undefined {
    if (!this.#begun && id !== ID.ebml) throw damaged();
    this.#begun = true;
    if (id === ID.codecPrivate) this.track.description = Uint8Array.from(content);
    if (id === ID.samplingFrequency) {
      this.track.sampleRate = content.length === 4 ? content.readFloatBE() : content.readDoubleBE();
    }
    if (id === ID.channels) this.track.channels = content.readUIntBE(0, content.length);
    if (id === ID.timestamp) this.#clusterTime = content.readUIntBE(0, content.length);
    if (id === ID.simpleBlock) return this.#packet(content, (content[3]! & KEYFRAME) !== 0);
    if (id === ID.blockGroup) return this.#group(content);
    return undefined;
  }

  /** A block holds the track number, milliseconds from the cluster's time, flags, and the packet. */
  #packet(content: Buffer, key: boolean): Packet {
    return { data: content.subarray(4), time: this.#clusterTime + content.readInt16BE(1), key };
  }

  #group(content: Buffer): Packet | undefined {
    let block: Buffer | undefined;
    let refers = false;
    for (let at = 0; at < content.length; ) {
      const element = readHead(content, at);
      if (!element) throw damaged();
      at = element.content + element.size;
      if (element.id === ID.block) block = content.subarray(element.content, at);
      refers ||= element.id === ID.referenceBlock;
    }
    return block && this.#packet(block, !refers);
  }
}

/** ID and size of the element at `at`, and the place of its content; undefined until all of its head has arrived. */
function readHead(bytes: Buffer, at: number) {
  const idLength = numberLength(bytes, at, 4);
  if (idLength === undefined || at + idLength >= bytes.length) return undefined;
  const sizeAt = at + idLength;
  const sizeLength = numberLength(bytes, sizeAt, 8);
  if (sizeLength === undefined || sizeAt + sizeLength > bytes.length) return undefined;
  const id = bytes.readUIntBE(at, idLength);
  let size = bytes[sizeAt]! & (0xff >> sizeLength);
  for (let n = 1; n < sizeLength; n++) size = size * 256 + bytes[sizeAt + n]!;
  if (size > MAX_ELEMENT_BYTES && !MASTER_IDS.has(id)) throw damaged();
  return { id, size, content: sizeAt + sizeLength };
}

/** The bytes of the number at `at`: one more than its leading zero bits. */
function numberLength(bytes: Buffer, at: number, most: number): number | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  const length = Math.clz32(first) - 23;
  if (length > most) throw damaged();
  return length;
}

function damaged(): BakeError {
  return new BakeError('VERIFY_FAILED', 'The encoder gave something that can not be read.');
}

/** One packet of a track, in the order of decoding. */
export interface TimedPacket {
  readonly data: Uint8Array;
  /** Whether decoding can begin with it. */
  readonly key: boolean;
  /** Seconds from the start of the video. The first packets of sound start before it, since the decoder needs them. */
  readonly start: number;
  readonly end: number;
  /** Whether it is the last packet of its track. */
  readonly last: boolean;
}

/** The track of pictures. Its packets arrive from the encoder. */
export interface PictureTrack {
  /** For H.264, its AVCDecoderConfigurationRecord. */
  readonly description: Uint8Array<ArrayBuffer>;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly packets: AsyncIterable<TimedPacket>;
}

/** The track of sound, encoded as a whole: a minute of it has 1 MB. */
export interface SoundTrack {
  /** For AAC its AudioSpecificConfig, and for Opus its identification header. */
  readonly description: Uint8Array<ArrayBuffer>;
  /** Audio samples a second. */
  readonly sampleRate: number;
  readonly channels: number;
  readonly packets: readonly TimedPacket[];
  /** Seconds that a decoder leaves out at the beginning. */
  readonly delay: number;
  /** Seconds that a decoder leaves out at the end of the last packet. */
  readonly surplus: number;
}

/** Merges the packets of both tracks: sound comes before the picture that starts at the same time, so that a player has both in time. */
export async function* interleave(
  pictures: AsyncIterable<TimedPacket>,
  sound: readonly TimedPacket[],
): AsyncGenerator<{ readonly of: 'pictures' | 'sound'; readonly packet: TimedPacket }> {
  let next = 0;
  for await (const packet of pictures) {
    for (; next < sound.length && Math.max(0, sound[next]!.start) < packet.start; next++) {
      yield { of: 'sound', packet: sound[next]! };
    }
    yield { of: 'pictures', packet };
  }
  for (const packet of sound.slice(next)) yield { of: 'sound', packet };
}
