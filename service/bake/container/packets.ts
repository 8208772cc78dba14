import { BakeError } from '../errors.ts';

/*
 * Reads what ffmpeg writes to a pipe as Matroska (RFC 9559): one track, no lacing. mediabunny reads it as well, but at ten times
 * the processor's time, beside an encoder that wants it.
 */

/** One packet. */
export interface Packet {
  readonly data: Uint8Array;
  /** Milliseconds. */
  readonly time: number;
  /** Whether decoding can begin with it. */
  readonly key: boolean;
}

/** What the file says of its track before the first packet. */
export interface Track {
  /** What its decoder has to know first. */
  readonly description: Uint8Array<ArrayBuffer>;
  /** Samples a second and channels, where it is sound. */
  readonly sampleRate: number;
  readonly channels: number;
}

/** What an encoder gave. */
export interface Packets {
  readonly track: Track;
  /** In the order of decoding, each as soon as it has come. */
  readonly packets: AsyncIterable<Packet>;
}

/** Names of elements; those of the first list hold others that are looked at one by one, as they come. */
const ENTERED = new Set([0x18538067, 0x1654ae6b, 0xae, 0xe1, 0x1f43b675]);
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
/** Bytes of an element, above which the stream is taken for damaged. */
const LARGEST = 256 * 1024 * 1024;

/** Reads up to the first packet. Throws VERIFY_FAILED when there is none, then and later also when it is no Matroska. */
export async function readPackets(bytes: AsyncIterable<Uint8Array>): Promise<Packets> {
  const reader = new Reader();
  const packets = reader.read(bytes);
  const first = await packets.next();
  if (first.done) throw new BakeError('VERIFY_FAILED', 'The encoder gave nothing.');
  const all = async function* () {
    yield first.value;
    yield* packets;
  };
  return { track: reader.track, packets: all() };
}

class Reader {
  readonly track = { description: new Uint8Array(), sampleRate: 0, channels: 0 };
  #begun = false;
  #clusterTime = 0;

  async *read(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Packet> {
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of bytes) {
      rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
      let at = 0;
      for (;;) {
        const element = headOf(rest, at);
        if (!element) break;
        const end = ENTERED.has(element.id) ? element.content : element.content + element.size;
        if (end > rest.length) break;
        const packet = this.#take(element.id, rest.subarray(element.content, end));
        if (packet) yield packet;
        at = end;
      }
      rest = rest.subarray(at);
    }
    if (rest.length > 0) throw damaged();
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

  /** Track number, milliseconds from the cluster's, flags, and the packet. */
  #packet(content: Buffer, key: boolean): Packet {
    return { data: content.subarray(4), time: this.#clusterTime + content.readInt16BE(1), key };
  }

  #group(content: Buffer): Packet | undefined {
    let block: Buffer | undefined;
    let refers = false;
    for (let at = 0; at < content.length; ) {
      const element = headOf(content, at);
      if (!element) throw damaged();
      at = element.content + element.size;
      if (element.id === ID.block) block = content.subarray(element.content, at);
      refers ||= element.id === ID.referenceBlock;
    }
    return block && this.#packet(block, !refers);
  }
}

/** Name and size of the element at a place, and where its content begins; undefined where they are not all there yet. */
function headOf(bytes: Buffer, at: number) {
  const idLength = lengthAt(bytes, at, 4);
  if (idLength === undefined || at + idLength >= bytes.length) return undefined;
  const sizeAt = at + idLength;
  const sizeLength = lengthAt(bytes, sizeAt, 8);
  if (sizeLength === undefined || sizeAt + sizeLength > bytes.length) return undefined;
  const id = bytes.readUIntBE(at, idLength);
  let size = bytes[sizeAt]! & (0xff >> sizeLength);
  for (let n = 1; n < sizeLength; n++) size = size * 256 + bytes[sizeAt + n]!;
  if (size > LARGEST && !ENTERED.has(id)) throw damaged();
  return { id, size, content: sizeAt + sizeLength };
}

/** The bytes of the number that begins at a place: one more than it has zero bits first. */
function lengthAt(bytes: Buffer, at: number, most: number): number | undefined {
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
  /** When what it holds begins, and ends, in seconds from the start of the video. Sound begins before it, by what its decoder needs. */
  readonly start: number;
  readonly end: number;
  /** Whether it is the last of its track. */
  readonly last: boolean;
}

/** The pictures as they come from the encoder. */
export interface PictureTrack {
  /** For H.264, its AVCDecoderConfigurationRecord. */
  readonly description: Uint8Array<ArrayBuffer>;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly packets: AsyncIterable<TimedPacket>;
}

/** The sound, encoded as a whole: a minute of it is 1 MB. */
export interface SoundTrack {
  /** For AAC its AudioSpecificConfig, and for Opus its identification header. */
  readonly description: Uint8Array<ArrayBuffer>;
  /** Samples a second. */
  readonly sampleRate: number;
  readonly channels: number;
  readonly packets: readonly TimedPacket[];
  /** Seconds at the beginning that a decoder leaves out. */
  readonly delay: number;
  /** Seconds at the end of the last packet that a decoder leaves out. */
  readonly surplus: number;
}

/** Packets of both tracks, each sound before the picture that begins with it, so that a player has both when it needs them. */
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
