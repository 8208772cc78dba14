/** An element of EBML (RFC 8794): its ID, and the place of its content. */
export interface Element {
  readonly id: number;
  /** The place of the element. */
  readonly at: number;
  readonly body: Buffer;
}

/** One block of a WebM (RFC 9559). */
export interface Block {
  readonly track: number;
  /** Milliseconds. */
  readonly time: number;
  /** Milliseconds, where the block has a duration. */
  readonly duration: number | undefined;
  /** Nanoseconds at its end that are not played. */
  readonly discarded: number;
  readonly isKeyframe: boolean;
  readonly isLaced: boolean;
  readonly data: Buffer;
  /** The place of its cluster, counted from the segment's content. */
  readonly cluster: number;
}

export interface WebmTrack {
  readonly number: number;
  readonly codec: string;
  readonly private: Buffer | undefined;
  /** Nanoseconds. */
  readonly delay: number;
  readonly preRoll: number;
  readonly video: ReadonlyMap<number, Buffer>;
  readonly colour: ReadonlyMap<number, Buffer>;
  readonly audio: ReadonlyMap<number, Buffer>;
}

export interface Webm {
  readonly docType: string;
  /** Nanoseconds of a unit of time, and the duration in those. */
  readonly scale: number;
  readonly duration: number;
  readonly tracks: readonly WebmTrack[];
  readonly blocks: readonly Block[];
  /** Cues, to which players may jump: a time, and the place of a cluster. */
  readonly cues: readonly { readonly time: number; readonly cluster: number }[];
  /** Places of elements by the segment's seek head, and the real ones. */
  readonly seeks: readonly { readonly id: number; readonly at: number }[];
  readonly elements: readonly Element[];
  readonly segmentAt: number;
}

export const ID = {
  info: 0x1549a966,
  tracks: 0x1654ae6b,
  cluster: 0x1f43b675,
  cues: 0x1c53bb6b,
  seekHead: 0x114d9b74,
} as const;

const EMPTY: ReadonlyMap<number, Buffer> = new Map();

/** Reads a WebM in which all sizes are known. Throws where sizes do not add up. */
export function readWebm(file: Buffer): Webm {
  const [head, segment, ...more] = elementsIn(file);
  if (head?.id !== 0x1a45dfa3 || segment?.id !== 0x18538067 || more.length > 0) {
    throw new Error('it is not one head and one segment');
  }
  const elements = elementsIn(segment.body);
  const the = (id: number) => elements.find((element) => element.id === id)?.body ?? Buffer.alloc(0);
  const info = mapOf(the(ID.info));
  return {
    docType: mapOf(head.body).get(0x4282)?.toString('latin1') ?? '',
    scale: unsigned(info.get(0x2ad7b1), 1_000_000),
    duration: float(info.get(0x4489)),
    tracks: all(the(ID.tracks), 0xae).map(readTrack),
    blocks: elements.filter(({ id }) => id === ID.cluster).flatMap(readCluster),
    cues: all(the(ID.cues), 0xbb).map((point) => {
      const fields = mapOf(point);
      return { time: unsigned(fields.get(0xb3)), cluster: unsigned(mapOf(fields.get(0xb7)!).get(0xf1)) };
    }),
    seeks: all(the(ID.seekHead), 0x4dbb).map((seek) => {
      const fields = mapOf(seek);
      return { id: unsigned(fields.get(0x53ab)), at: unsigned(fields.get(0x53ac)) };
    }),
    elements,
    segmentAt: file.length - segment.body.length,
  };
}

function readTrack(body: Buffer): WebmTrack {
  const fields = mapOf(body);
  const video = fields.has(0xe0) ? mapOf(fields.get(0xe0)!) : EMPTY;
  return {
    number: unsigned(fields.get(0xd7)),
    codec: fields.get(0x86)?.toString('latin1') ?? '',
    private: fields.get(0x63a2),
    delay: unsigned(fields.get(0x56aa)),
    preRoll: unsigned(fields.get(0x56bb)),
    video,
    colour: video.has(0x55b0) ? mapOf(video.get(0x55b0)!) : EMPTY,
    audio: fields.has(0xe1) ? mapOf(fields.get(0xe1)!) : EMPTY,
  };
}

function readCluster({ at, body }: Element): Block[] {
  const elements = elementsIn(body);
  const start = unsigned(elements.find(({ id }) => id === 0xe7)?.body);
  return elements.flatMap(({ id, body: inside }) => {
    if (id === 0xa3) return readBlock(inside, start, at, {});
    if (id !== 0xa0) return [];
    const group = mapOf(inside);
    const discarded = group.get(0x75a2);
    return readBlock(group.get(0xa1)!, start, at, {
      duration: group.has(0x9b) ? unsigned(group.get(0x9b)) : undefined,
      discarded: discarded && signed(discarded),
      isKeyframe: !group.has(0xfb),
    });
  });
}

function readBlock(
  body: Buffer,
  start: number,
  cluster: number,
  told: { duration?: number | undefined; discarded?: number | undefined; isKeyframe?: boolean },
): Block[] {
  const { value: track, length } = variable(body, 0, true);
  const flags = body[length + 2]!;
  return [
    {
      track,
      cluster,
      time: start + body.readInt16BE(length),
      isLaced: (flags & 0x06) !== 0,
      duration: told.duration,
      discarded: told.discarded ?? 0,
      isKeyframe: told.isKeyframe ?? (flags & 0x80) !== 0,
      data: body.subarray(length + 3),
    },
  ];
}

function elementsIn(body: Buffer): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < body.length; ) {
    const id = variable(body, at, false);
    const size = variable(body, at + id.length, true);
    const from = at + id.length + size.length;
    if (!(from + size.value <= body.length)) throw new Error('an element is cut off, or of unknown size');
    elements.push({ id: id.value, at, body: body.subarray(from, from + size.value) });
    at = from + size.value;
  }
  return elements;
}

/** A number whose first byte tells its length, with or without the bit that tells it. */
function variable(body: Buffer, at: number, isStripped: boolean): { value: number; length: number } {
  const first = body[at] ?? 0;
  const length = Math.clz32(first) - 23;
  if (length > 8 || at + length > body.length) throw new Error('a number is cut off');
  let value = isStripped ? first & (0xff >> length) : first;
  let isUnknown = isStripped && value === 0xff >> length;
  for (let n = 1; n < length; n += 1) {
    value = value * 256 + body[at + n]!;
    isUnknown &&= body[at + n] === 255;
  }
  return { value: isUnknown ? Number.POSITIVE_INFINITY : value, length };
}

function mapOf(body: Buffer): ReadonlyMap<number, Buffer> {
  return new Map(elementsIn(body).map((element) => [element.id, element.body]));
}

function all(body: Buffer, id: number): Buffer[] {
  return elementsIn(body).flatMap((element) => (element.id === id ? [element.body] : []));
}

/** A whole number of all bytes. */
export function unsigned(body: Buffer | undefined, otherwise = 0): number {
  return body === undefined ? otherwise : body.reduce((value, byte) => value * 256 + byte, 0);
}

function signed(body: Buffer): number {
  const value = unsigned(body);
  return body[0]! & 0x80 ? value - 256 ** body.length : value;
}

function float(body: Buffer | undefined): number {
  if (body?.length === 8) return body.readDoubleBE(0);
  return body?.length === 4 ? body.readFloatBE(0) : Number.NaN;
}
