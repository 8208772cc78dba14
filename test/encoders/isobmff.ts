/** What the index of an MP4 says, as ISO/IEC 14496-12 lays it out. Times are in the units of the timescale beside them. */
export interface Mp4 {
  /** Boxes of the file, in order. */
  readonly boxes: readonly Box[];
  readonly movie: { readonly timescale: number; readonly duration: number };
  readonly tracks: readonly Mp4Track[];
}

export interface Box {
  readonly type: string;
  /** Where it begins, and where it ends. */
  readonly start: number;
  readonly end: number;
}

export interface Mp4Track {
  /** `vide` or `soun`. */
  readonly handler: string;
  /** Of the track's header: pixels, and the duration in units of the movie. */
  readonly header: { readonly duration: number; readonly width: number; readonly height: number };
  readonly timescale: number;
  readonly duration: number;
  /** Duration in units of the movie; media time in units of the track, -1 where nothing is played. */
  readonly edits: readonly { readonly duration: number; readonly mediaTime: number; readonly rate: number }[];
  readonly samples: readonly Mp4Sample[];
  /** Numbers of the samples at which decoding can begin, from 0; undefined where all are. */
  readonly syncs: readonly number[] | undefined;
  /** Type and body of the one sample entry, with the boxes inside it. */
  readonly entry: {
    readonly type: string;
    readonly body: Buffer;
    readonly boxes: ReadonlyMap<string, Buffer>;
  };
}

export interface Mp4Sample {
  readonly offset: number;
  readonly size: number;
  readonly decode: number;
  readonly duration: number;
  /** When it is shown, before edits. */
  readonly shown: number;
}

/** Reads an MP4 without fragments. Throws where its tables do not add up, so that no rule has to. */
export function readMp4(file: Buffer): Mp4 {
  const boxes = boxesIn(file, 0, file.length);
  const moov = bodyOf(file, one(boxes, 'moov'));
  const inside = childrenOf(moov);
  const mvhd = wide(need(inside, 'mvhd'));
  return {
    boxes,
    movie: { timescale: mvhd.timescale, duration: mvhd.duration },
    tracks: boxesIn(moov, 0, moov.length)
      .filter(({ type }) => type === 'trak')
      .map((box) => readTrack(bodyOf(moov, box))),
  };
}

function readTrack(trak: Buffer): Mp4Track {
  const track = childrenOf(trak);
  const media = childrenOf(need(track, 'mdia'));
  const table = childrenOf(need(childrenOf(need(media, 'minf')), 'stbl'));
  const mdhd = wide(need(media, 'mdhd'));
  const tkhd = need(track, 'tkhd');
  const edits = track.get('edts');
  const stss = table.get('stss');
  return {
    handler: need(media, 'hdlr').toString('latin1', 8, 12),
    header: {
      duration: tkhd[0] === 1 ? Number(tkhd.readBigUInt64BE(28)) : tkhd.readUInt32BE(20),
      width: tkhd.readUInt32BE(tkhd.length - 8) / 65_536,
      height: tkhd.readUInt32BE(tkhd.length - 4) / 65_536,
    },
    timescale: mdhd.timescale,
    duration: mdhd.duration,
    edits: edits === undefined ? [] : readEdits(need(childrenOf(edits), 'elst')),
    samples: readSamples(table),
    syncs: stss && entriesOf(stss, 8, 4, (at) => stss.readUInt32BE(at) - 1),
    entry: readEntry(need(table, 'stsd')),
  };
}

function readEdits(elst: Buffer): Mp4Track['edits'] {
  return entriesOf(elst, 8, elst[0] === 1 ? 20 : 12, (at) =>
    elst[0] === 1
      ? {
          duration: Number(elst.readBigUInt64BE(at)),
          mediaTime: Number(elst.readBigInt64BE(at + 8)),
          rate: elst.readInt32BE(at + 16) / 65_536,
        }
      : {
          duration: elst.readUInt32BE(at),
          mediaTime: elst.readInt32BE(at + 4),
          rate: elst.readInt32BE(at + 8) / 65_536,
        },
  );
}

function readSamples(table: ReadonlyMap<string, Buffer>): Mp4Sample[] {
  const stsz = need(table, 'stsz');
  const same = stsz.readUInt32BE(4);
  const count = stsz.readUInt32BE(8);
  const sizes =
    same > 0 ? Array<number>(count).fill(same) : entriesOf(stsz, 12, 4, (at) => stsz.readUInt32BE(at));
  if (sizes.length !== count) throw new Error(`stsz has ${sizes.length} sizes instead of ${count}`);
  const durations = runs(need(table, 'stts'), (box, at) => box.readUInt32BE(at));
  const ctts = table.get('ctts');
  const shifts = ctts
    ? runs(ctts, (box, at) => (box[0] === 1 ? box.readInt32BE(at) : box.readUInt32BE(at)))
    : Array<number>(count).fill(0);
  const offsets = offsetsOf(table, sizes);
  for (const [name, list] of Object.entries({ stts: durations, ctts: shifts, 'stsc and stco': offsets })) {
    if (list.length !== count) throw new Error(`${name} tells of ${list.length} samples instead of ${count}`);
  }
  let decode = 0;
  return sizes.map((size, n) => {
    const duration = durations[n]!;
    const sample = { size, duration, decode, offset: offsets[n]!, shown: decode + shifts[n]! };
    decode += duration;
    return sample;
  });
}

/** A count and a value after each other, as stts and ctts have them: the value once for each sample. */
function runs(box: Buffer, read: (box: Buffer, at: number) => number): number[] {
  return entriesOf(box, 8, 8, (at) => Array<number>(box.readUInt32BE(at)).fill(read(box, at + 4))).flat();
}

function offsetsOf(table: ReadonlyMap<string, Buffer>, sizes: readonly number[]): number[] {
  const stco = table.get('stco');
  const co64 = table.get('co64');
  const chunks = stco
    ? entriesOf(stco, 8, 4, (at) => stco.readUInt32BE(at))
    : entriesOf(co64!, 8, 8, (at) => Number(co64!.readBigUInt64BE(at)));
  const stsc = need(table, 'stsc');
  const first = entriesOf(stsc, 8, 12, (at) => ({
    chunk: stsc.readUInt32BE(at),
    each: stsc.readUInt32BE(at + 4),
  }));
  const offsets: number[] = [];
  for (const [n, chunk] of chunks.entries()) {
    const { each } = first.findLast((run) => run.chunk <= n + 1)!;
    let at = chunk;
    for (let k = 0; k < each; k += 1) {
      const size = sizes[offsets.length];
      offsets.push(at);
      at += size ?? 0;
    }
  }
  return offsets;
}

function readEntry(stsd: Buffer): Mp4Track['entry'] {
  if (stsd.readUInt32BE(4) !== 1) throw new Error('stsd has more than one entry');
  const [box] = boxesIn(stsd, 8, stsd.length);
  const body = bodyOf(stsd, box!);
  // Fixed fields come first: 78 bytes for pictures, 28 for sound.
  const fixed = box!.type === 'mp4a' ? 28 : 78;
  return { type: box!.type, body, boxes: childrenOf(body.subarray(fixed)) };
}

/** Version and flags, two moments, a timescale and a duration, as mvhd and mdhd begin. */
function wide(box: Buffer): { timescale: number; duration: number } {
  return box[0] === 1
    ? { timescale: box.readUInt32BE(20), duration: Number(box.readBigUInt64BE(24)) }
    : { timescale: box.readUInt32BE(12), duration: box.readUInt32BE(16) };
}

/** The entries of a table whose count stands before it. */
function entriesOf<T>(box: Buffer, from: number, size: number, read: (at: number) => T): T[] {
  const count = box.readUInt32BE(from - 4);
  if (box.length !== from + count * size)
    throw new Error(`a table of ${count} entries has ${box.length} bytes`);
  return Array.from({ length: count }, (_, n) => read(from + n * size));
}

function boxesIn(file: Buffer, from: number, to: number): Box[] {
  const boxes: Box[] = [];
  for (let start = from; start < to; ) {
    if (start + 8 > to) throw new Error('a box is cut off');
    const small = file.readUInt32BE(start);
    const size = small === 1 ? Number(file.readBigUInt64BE(start + 8)) : small;
    if (size < 8 || start + size > to) throw new Error('a box has a wrong size');
    boxes.push({ type: file.toString('latin1', start + 4, start + 8), start, end: start + size });
    start += size;
  }
  return boxes;
}

function bodyOf(file: Buffer, { start, end }: Box): Buffer {
  return file.subarray(start + (file.readUInt32BE(start) === 1 ? 16 : 8), end);
}

function childrenOf(body: Buffer): ReadonlyMap<string, Buffer> {
  return new Map(boxesIn(body, 0, body.length).map((box) => [box.type, bodyOf(body, box)]));
}

function one(boxes: readonly Box[], type: string): Box {
  const found = boxes.filter((box) => box.type === type);
  if (found.length !== 1) throw new Error(`there are ${found.length} ${type} instead of one`);
  return found[0]!;
}

function need(boxes: ReadonlyMap<string, Buffer>, type: string): Buffer {
  const box = boxes.get(type);
  if (box === undefined) throw new Error(`there is no ${type}`);
  return box;
}
