import { type FileHandle, open } from 'node:fs/promises';
import { element, elementId, float, signed, sizeOfEight, text, unsigned, unsignedOfSix } from './matroska.ts';
import { interleave, type PictureTrack, type SoundTrack, type TimedPacket } from './packets.ts';

/*
 * Writes WebM (RFC 9559, and RFC 8794 for EBML). That of mediabunny can't tell how long the last picture is shown, nor how much of
 * the sound a decoder leaves out.
 */

/** Nanoseconds in the unit of times: a millisecond. */
const TIMESTAMP_SCALE = 1_000_000;
const NANOSECONDS = 1_000_000_000;
const TRACKS = { pictures: 1, sound: 2 } as const;
/** Milliseconds after which a new cluster begins, if no keyframe began one. Times in a cluster have 16 bits. */
const CLUSTER_MS = 5000;
/** Bytes after which a new cluster begins, since a cluster is held in memory. */
const CLUSTER_BYTES = 1024 * 1024;
/** Nanoseconds of sound that a decoder of Opus needs after a jump before its output is right. */
const PRE_ROLL = 80_000_000;

const ID = {
  segment: 0x18538067,
  info: 0x1549a966,
  tracks: 0x1654ae6b,
  cluster: 0x1f43b675,
  cues: 0x1c53bb6b,
};

/**
 * Writes a WebM of VP9 and Opus at `path`, whose pictures end at `end` seconds. Throws what reading `packets` throws, and errors of
 * the file system.
 */
export async function writeWebm(
  path: string,
  pictures: PictureTrack,
  sound: SoundTrack | undefined,
  end: number,
): Promise<void> {
  const file = await open(path, 'w');
  try {
    await new WebmWriter(file, pictures, sound, end).write();
  } finally {
    await file.close();
  }
}

class WebmWriter {
  readonly #file: FileHandle;
  readonly #pictures: PictureTrack;
  readonly #sound: SoundTrack | undefined;
  readonly #end: number;
  /** Bytes written so far. */
  #at = 0;
  /** Place of the segment's content. Other places are counted from it. */
  #segmentAt = 0;
  #cluster: { readonly start: number; readonly blocks: Buffer[]; bytes: number } | undefined;
  /** Keyframes: milliseconds, and the place of the cluster that begins with the keyframe. */
  readonly #cues: { readonly time: number; readonly cluster: number }[] = [];

  constructor(file: FileHandle, pictures: PictureTrack, sound: SoundTrack | undefined, end: number) {
    this.#file = file;
    this.#pictures = pictures;
    this.#sound = sound;
    this.#end = end;
  }

  async write(): Promise<void> {
    await this.#append(ebmlHead());
    await this.#append(Buffer.concat([elementId(ID.segment), sizeOfEight(0)]));
    this.#segmentAt = this.#at;
    const soundEnd = this.#sound?.packets.at(-1)?.end ?? 0;
    const info = element(
      ID.info,
      element(0x2ad7b1, unsigned(TIMESTAMP_SCALE)),
      element(0x4489, float(Math.max(this.#end, soundEnd) * 1000)),
      element(0x4d80, text('Oven')),
      element(0x5741, text('Oven')),
    );
    const tracks = element(
      ID.tracks,
      pictureEntry(this.#pictures),
      ...(this.#sound ? [soundEntry(this.#sound)] : []),
    );
    const infoAt = seekHead(0, 0, 0).length;
    const tracksAt = infoAt + info.length;
    await this.#append(Buffer.concat([seekHead(infoAt, tracksAt, 0), info, tracks]));
    for await (const { of, packet } of interleave(this.#pictures.packets, this.#sound?.packets ?? [])) {
      await this.#add(of, packet);
    }
    await this.#endCluster();
    const cuesAt = this.#at - this.#segmentAt;
    await this.#append(element(ID.cues, ...this.#cues.map(cuePoint)));
    await this.#overwrite(this.#segmentAt, seekHead(infoAt, tracksAt, cuesAt));
    await this.#overwrite(this.#segmentAt - 8, sizeOfEight(this.#at - this.#segmentAt));
  }

  async #add(of: keyof typeof TRACKS, packet: TimedPacket): Promise<void> {
    const time = Math.round((packet.start + (of === 'sound' ? this.#sound!.delay : 0)) * 1000);
    const cluster = this.#cluster;
    const keyPicture = of === 'pictures' && packet.key;
    if (!cluster || keyPicture || time - cluster.start >= CLUSTER_MS || cluster.bytes >= CLUSTER_BYTES) {
      await this.#endCluster();
      this.#cluster = { start: time, blocks: [], bytes: 0 };
      if (keyPicture) this.#cues.push({ time, cluster: this.#at - this.#segmentAt });
    }
    const surplus = of === 'sound' && packet.last ? this.#sound!.surplus : 0;
    const block = blockOf(TRACKS[of], packet, time - this.#cluster!.start, surplus);
    this.#cluster!.blocks.push(block);
    this.#cluster!.bytes += block.length;
  }

  async #endCluster(): Promise<void> {
    if (!this.#cluster) return;
    const { start, blocks } = this.#cluster;
    this.#cluster = undefined;
    await this.#append(element(ID.cluster, element(0xe7, unsigned(start)), ...blocks));
  }

  async #append(bytes: Buffer): Promise<void> {
    await this.#overwrite(this.#at, bytes);
    this.#at += bytes.length;
  }

  async #overwrite(at: number, bytes: Buffer): Promise<void> {
    await this.#file.write(bytes, 0, bytes.length, at);
  }
}

function ebmlHead(): Buffer {
  return element(
    0x1a45dfa3,
    element(0x4282, text('webm')),
    element(0x4287, unsigned(4)), // version, for DiscardPadding and CodecDelay
    element(0x4285, unsigned(2)), // the least version that a reader must know
  );
}

/** Where the parts of the segment are, always of the same length. */
function seekHead(info: number, tracks: number, cues: number): Buffer {
  const seek = (id: number, at: number) =>
    element(0x4dbb, element(0x53ab, elementId(id)), element(0x53ac, unsignedOfSix(at)));
  return element(0x114d9b74, seek(ID.info, info), seek(ID.tracks, tracks), seek(ID.cues, cues));
}

function pictureEntry({ width, height }: PictureTrack): Buffer {
  const colour = element(
    0x55b0,
    element(0x55b1, unsigned(1)), // BT.709: matrix,
    element(0x55b9, unsigned(1)), // limited range,
    element(0x55ba, unsigned(1)), // transfer
    element(0x55bb, unsigned(1)), // and primaries
  );
  return element(
    0xae,
    element(0xd7, unsigned(TRACKS.pictures)),
    element(0x73c5, unsigned(TRACKS.pictures)),
    element(0x83, unsigned(1)), // video
    element(0x9c, unsigned(0)), // no lacing
    element(0x86, text('V_VP9')),
    element(0xe0, element(0xb0, unsigned(width)), element(0xba, unsigned(height)), colour),
  );
}

function soundEntry({ description, sampleRate, channels, delay }: SoundTrack): Buffer {
  return element(
    0xae,
    element(0xd7, unsigned(TRACKS.sound)),
    element(0x73c5, unsigned(TRACKS.sound)),
    element(0x83, unsigned(2)), // audio
    element(0x9c, unsigned(0)),
    element(0x86, text('A_OPUS')),
    element(0x63a2, description),
    element(0x56aa, unsigned(Math.round(delay * NANOSECONDS))),
    element(0x56bb, unsigned(PRE_ROLL)),
    element(0xe1, element(0xb5, float(sampleRate)), element(0x9f, unsigned(channels))),
  );
}

/**
 * A packet `time` milliseconds into its cluster. Every picture tells how long it is shown: otherwise Chromium guesses, and after a jump
 * may show the picture before the right one. The last packet of each track tells the same, and the `surplus` (seconds) that a decoder
 * leaves out.
 */
function blockOf(
  track: number,
  { data, key, start, end, last }: TimedPacket,
  time: number,
  surplus: number,
): Buffer {
  const inGroup = last || track === TRACKS.pictures;
  const head = Buffer.from([0x80 | track, 0, 0, key && !inGroup ? 0x80 : 0]);
  head.writeInt16BE(time, 1);
  if (!inGroup) return element(0xa3, head, data);
  const lasts = element(0x9b, unsigned(Math.max(1, Math.round(end * 1000) - Math.round(start * 1000))));
  const refersTo = key ? [] : [element(0xfb, signed(-1))];
  const leftOut = surplus > 0 ? [element(0x75a2, signed(Math.round(surplus * NANOSECONDS)))] : [];
  return element(0xa0, element(0xa1, head, data), lasts, ...refersTo, ...leftOut);
}

function cuePoint({ time, cluster }: { readonly time: number; readonly cluster: number }): Buffer {
  const position = element(0xb7, element(0xf7, unsigned(TRACKS.pictures)), element(0xf1, unsigned(cluster)));
  return element(0xbb, element(0xb3, unsigned(time)), position);
}
