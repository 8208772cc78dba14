import type { TapeFault } from '../../service/bake/errors.ts';
import { DEFAULT_LIMITS, type Limits } from '../../service/bake/limits.ts';
import {
  frameEntries,
  frameEntryName,
  jsonEntry,
  png,
  tapeEntries,
  timingOf,
  wav,
  withEntries,
} from './hostile/parts.ts';
import { type Entry, zip } from './hostile/zip.ts';

/** A tape that must be refused, and how. `limits` are those it is opened with, where the usual ones would need more bytes. */
export interface HostileTape {
  /** What is wrong with it, in words: the test's title. */
  readonly what: string;
  readonly code: TapeFault;
  /** What the message must say beside its code's own words, such as the entry's name and the numbers. */
  readonly says?: RegExp;
  readonly limits?: Partial<Limits>;
  /** The bytes of the file. */
  readonly make: () => Buffer;
}

const MiB = 1024 * 1024;
const frame1 = frameEntryName(1);
const honest = () => zip(tapeEntries());
/** The tape with some entries changed or added. */
const tapeWith = (...changes: Entry[]) => zip(withEntries(tapeEntries(), ...changes));
const timed = (timing: unknown) => tapeWith(jsonEntry('timing.json', timing));
const durations = (...values: unknown[]) =>
  timingOf(3).map((entry, at) => ({ ...entry, duration: values[at] }));
const bomb = Buffer.alloc(8 * MiB);
/** Frame 1, with something changed. */
const frameWith = (change: Partial<Entry>): Entry => ({ name: frame1, data: png(), ...change });

/** Bytes that aren't a ZIP, or not a whole one. */
const FILES: readonly HostileTape[] = [
  { what: 'an empty file', code: 'NOT_A_ZIP', says: /empty/, make: () => Buffer.alloc(0) },
  { what: 'one byte', code: 'NOT_A_ZIP', make: () => Buffer.from('P') },
  { what: 'a text file', code: 'NOT_A_ZIP', make: () => Buffer.from('hello, this is no tape\n'.repeat(20)) },
  { what: 'a PNG', code: 'NOT_A_ZIP', make: () => png() },
  { what: 'random bytes with an end record', code: 'NOT_A_ZIP', make: () => junkWithEnd() },
  { what: 'the first half of a ZIP', code: 'ZIP_TRUNCATED', make: () => honest().subarray(0, 600) },
  { what: 'a ZIP without its last byte', code: 'ZIP_TRUNCATED', make: () => honest().subarray(0, -1) },
  { what: 'a ZIP cut in its directory', code: 'ZIP_TRUNCATED', make: () => honest().subarray(0, -60) },
  { what: 'a ZIP with a piece cut out', code: 'ZIP_TRUNCATED', make: () => withoutMiddle(honest()) },
  {
    what: 'a ZIP larger than allowed',
    code: 'TAPE_TOO_LARGE',
    says: /at most 1000 /,
    limits: { zipBytes: 1000 },
    make: honest,
  },
  { what: 'an empty ZIP', code: 'TAPE_NO_FRAMES', make: () => zip([]) },
];

/** A directory that lies. */
const DIRECTORIES: readonly HostileTape[] = [
  {
    what: 'a directory claiming 65,535 entries',
    code: 'TAPE_TOO_MANY_FRAMES',
    says: /65535.*4003/,
    make: () => zip(tapeEntries(), { count: 0xffff }),
  },
  {
    what: 'a directory claiming too many entries',
    code: 'TAPE_TOO_MANY_FRAMES',
    says: /5000.*4003/,
    make: () => zip(tapeEntries(), { count: 5000 }),
  },
  {
    what: 'a directory claiming more entries than it has bytes for',
    code: 'ZIP_CORRUPT',
    make: () => zip(tapeEntries(), { count: 900 }),
  },
  {
    what: 'a directory claiming one entry more',
    code: 'ZIP_CORRUPT',
    make: () => zip(tapeEntries(), { count: 7 }),
  },
  {
    what: 'a directory claiming one entry less',
    code: 'ZIP_CORRUPT',
    make: () => zip(tapeEntries(), { count: 5 }),
  },
  {
    what: 'a directory far too large',
    code: 'ZIP_CORRUPT',
    make: () => zip([frameWith({ data: Buffer.alloc(MiB) })], { directoryOffset: 0, directorySize: MiB }),
  },
  {
    what: 'a directory beyond the end',
    code: 'ZIP_TRUNCATED',
    make: () => zip(tapeEntries(), { directoryOffset: 0x7fffffff }),
  },
  {
    what: 'a directory that begins elsewhere',
    code: 'ZIP_CORRUPT',
    make: () => zip(tapeEntries(), { directoryOffset: 40 }),
  },
  {
    what: 'bytes before the ZIP',
    code: 'ZIP_CORRUPT',
    make: () => Buffer.concat([Buffer.from('#!/bin/sh\n'), honest()]),
  },
  {
    what: 'a ZIP of several parts',
    code: 'ZIP_UNSUPPORTED',
    says: /part/,
    make: () => zip(tapeEntries(), { disk: 1 }),
  },
  {
    what: 'a ZIP64',
    code: 'ZIP_UNSUPPORTED',
    says: /ZIP64/,
    make: () => zip(tapeEntries(), { count: 0xffff, beforeEnd: zip64Locator() }),
  },
  {
    what: 'an entry whose ZIP64 size is missing',
    code: 'ZIP_CORRUPT',
    make: () => tapeWith(frameWith({ size: 0xffffffff })),
  },
  {
    what: 'an entry with a ZIP64 size beyond all numbers',
    code: 'ZIP_CORRUPT',
    make: () => tapeWith(frameWith({ size: 0xffffffff, extra: zip64Size(2n ** 63n) })),
  },
];

/** Entries that aren't what a recorder writes. */
const ENTRIES: readonly HostileTape[] = [
  ...[
    '../frame-00000.png',
    '/etc/frame-00000.png',
    'C:\\frame-00000.png',
    '..\\frame-00000.png',
    'tape/',
    'tape/frame-00003.png',
    '',
    'index.html',
    'Timing.json',
    'frame-3.png',
    'frame-00003.PNG',
    'frame-00003.png\0',
    '__proto__',
    'constructor',
    '__MACOSX/._frame-00000.png',
  ].map(
    (name): HostileTape => ({
      what: `an entry named ${JSON.stringify(name)}`,
      code: 'ENTRY_NAME',
      make: () => tapeWith({ name, data: Buffer.alloc(0) }),
    }),
  ),
  {
    what: 'a name with control and direction characters',
    code: 'ENTRY_NAME',
    says: /\\u\{1b\}\[31m\\u\{202e\}/,
    make: () => tapeWith({ name: '\x1b[31m\u202egnp\n', data: png() }),
  },
  {
    what: 'a name of 60,000 characters',
    code: 'ENTRY_NAME',
    says: /^"a{64}…" /,
    make: () => tapeWith({ name: 'a'.repeat(60_000), data: png() }),
  },
  {
    what: 'a name that is not UTF-8',
    code: 'ENTRY_NAME',
    make: () => tapeWith({ name: Buffer.from('frame-\xff\xfe.png', 'latin1'), data: png() }),
  },
  {
    what: 'another name in the entry itself',
    code: 'ENTRY_NAME',
    says: /frame-00001/,
    make: () => tapeWith(frameWith({ localName: '../../evil.png.' })),
  },
  {
    what: 'frames named by the older download',
    code: 'TAPE_OLD_FORMAT',
    says: /frame_1700000000000\.png/,
    make: () => tapeWith({ name: 'frame_1700000000000.png', data: png() }),
  },
  {
    what: 'two entries of one name',
    code: 'ENTRY_DUPLICATE',
    says: /frame-00001/,
    make: () => zip([...tapeEntries(), frameWith({})]),
  },
  {
    what: 'two records of one entry',
    code: 'ENTRY_DUPLICATE',
    make: () => zip([...tapeEntries(), { name: frameEntryName(0), data: png(), headerOffset: 0 }]),
  },
  { what: 'an entry within another', code: 'ENTRY_OVERLAP', says: /frame-0000/, make: overlapping },
  {
    what: 'an entry reaching into the directory',
    code: 'ENTRY_OVERLAP',
    says: /directory/,
    make: reachingDirectory,
  },
  {
    what: 'an entry reaching past the end',
    code: 'ZIP_TRUNCATED',
    says: /soundtrack/,
    make: () => tapeWith({ name: 'soundtrack.wav', data: wav(), size: MiB, packedSize: MiB }),
  },
  {
    what: 'an entry beyond the end',
    code: 'ZIP_TRUNCATED',
    says: /frame-00001/,
    make: () => tapeWith(frameWith({ headerOffset: 0x7000_0000 })),
  },
  {
    what: 'an entry that is not where it should be',
    code: 'ZIP_CORRUPT',
    says: /frame-00001/,
    make: () => tapeWith(frameWith({ localSignature: 0x12345678 })),
  },
  {
    what: 'an encrypted entry',
    code: 'ZIP_ENCRYPTED',
    says: /frame-00001/,
    make: () => tapeWith(frameWith({ flags: 1 })),
  },
  {
    what: 'an entry encrypted by its own header only',
    code: 'ZIP_ENCRYPTED',
    make: () => tapeWith(frameWith({ localFlags: 1 })),
  },
  {
    what: 'an entry packed by a method not read',
    code: 'ZIP_UNSUPPORTED',
    says: /method 93/,
    make: () => tapeWith(frameWith({ method: 93 })),
  },
  { what: 'no frames', code: 'TAPE_NO_FRAMES', make: () => zip(tapeEntries(0)) },
  {
    what: 'a hole in the numbering',
    code: 'FRAME_MISSING',
    says: /frame-00002/,
    make: () => zip(tapeEntries(5).filter(({ name }) => name !== frameEntryName(2))),
  },
  {
    what: 'more frames than allowed',
    code: 'TAPE_TOO_MANY_FRAMES',
    says: /5 frames.* 4 /,
    limits: { frames: 4 },
    make: () => zip(frameEntries(5)),
  },
];

/** Entries whose bytes are not those they promise. */
const BYTES: readonly HostileTape[] = [
  {
    what: 'a bad checksum',
    code: 'ENTRY_CRC',
    says: /frame-00001/,
    make: () => tapeWith(frameWith({ crc: 1234 })),
  },
  {
    what: 'a bad checksum of timing.json',
    code: 'ENTRY_CRC',
    says: /timing/,
    make: () => tapeWith({ ...jsonEntry('timing.json', timingOf(3)), crc: 1 }),
  },
  {
    what: 'a bad checksum of the sound',
    code: 'ENTRY_CRC',
    says: /soundtrack/,
    make: () => tapeWith({ name: 'soundtrack.wav', data: wav(), crc: 1 }),
  },
  {
    what: 'a bad checksum of a sound that looks like none',
    code: 'ENTRY_CRC',
    says: /soundtrack/,
    make: () => tapeWith({ name: 'soundtrack.wav', data: Buffer.from('text'), crc: 1 }),
  },
  {
    what: 'another checksum in the entry itself',
    code: 'ZIP_CORRUPT',
    make: () => tapeWith(frameWith({ localCrc: 1 })),
  },
  {
    what: 'a damaged frame that looks like another size',
    code: 'ENTRY_CRC',
    says: /frame-00001/,
    make: () =>
      tapeWith({
        ...frameWith({}),
        packed: png({ width: 5, height: 5 }),
        packedSize: png().length,
        data: png(),
      }),
  },
  {
    what: 'packed bytes that are garbage',
    code: 'ENTRY_CRC',
    says: /frame-00001/,
    make: () => tapeWith(frameWith({ method: 8, packed: Buffer.alloc(99, 0xff) })),
  },
  {
    what: 'an entry that unpacks to more than it says',
    code: 'ENTRY_SIZE',
    says: /100 .*more/,
    make: () => tapeWith(frameWith({ data: Buffer.concat([png(), bomb]), deflate: true, size: 100 })),
  },
  {
    what: 'an entry that unpacks to less than it says',
    code: 'ENTRY_SIZE',
    says: /5000/,
    make: () => tapeWith(frameWith({ deflate: true, size: 5000 })),
  },
  { what: 'a stored entry of two sizes', code: 'ENTRY_SIZE', make: () => tapeWith(frameWith({ size: 10 })) },
  {
    what: 'another size in the entry itself',
    code: 'ENTRY_SIZE',
    make: () => tapeWith(frameWith({ localSize: 10 })),
  },
  {
    what: 'a frame that is a bomb',
    code: 'ENTRY_RATIO',
    says: /frame-00001.*8388608.*200/,
    make: () => tapeWith(frameWith({ data: bomb, deflate: true })),
  },
  {
    what: 'a timing.json that is a bomb',
    code: 'ENTRY_RATIO',
    make: () => tapeWith({ name: 'timing.json', data: bomb, deflate: true }),
  },
  {
    what: 'a frame of too many bytes',
    code: 'ENTRY_TOO_LARGE',
    says: /9437184/,
    make: () => tapeWith(frameWith({ data: Buffer.alloc(10 * MiB) })),
  },
  {
    what: 'a metadata.json of too many bytes',
    code: 'ENTRY_TOO_LARGE',
    says: /1048577.*1048576/,
    make: () => tapeWith({ name: 'metadata.json', data: Buffer.alloc(MiB + 1) }),
  },
  {
    what: 'a sound too long for any tape',
    code: 'ENTRY_TOO_LARGE',
    limits: { seconds: 1 },
    make: () => tapeWith({ name: 'soundtrack.wav', data: wav({ bytes: 9 * MiB }), deflate: true }),
  },
  {
    what: 'more bytes in all than allowed',
    code: 'TAPE_TOO_LARGE',
    says: /at most 5000 /,
    limits: { unzippedBytes: 5000 },
    make: honest,
  },
];

/** Frames that can't be baked. */
const FRAMES: readonly HostileTape[] = [
  {
    what: 'a frame that is text',
    code: 'FRAME_NOT_PNG',
    says: /frame-00001/,
    make: () => tapeWith(frameWith({ data: Buffer.from('no picture') })),
  },
  {
    what: 'a packed frame that is text',
    code: 'FRAME_NOT_PNG',
    says: /frame-00001/,
    make: () => tapeWith(frameWith({ data: Buffer.from('no picture'.repeat(50)), deflate: true })),
  },
  {
    what: 'an empty frame',
    code: 'FRAME_NOT_PNG',
    make: () => tapeWith(frameWith({ data: Buffer.alloc(0) })),
  },
  {
    what: 'a frame that is a JPEG',
    code: 'FRAME_NOT_PNG',
    make: () => tapeWith(frameWith({ data: Buffer.from('ffd8ffe000104a464946', 'hex') })),
  },
  {
    what: 'a first frame that is no PNG',
    code: 'FRAME_NOT_PNG',
    says: /frame-00000/,
    make: () => tapeWith({ name: frameEntryName(0), data: Buffer.alloc(200) }),
  },
  {
    what: 'a frame 0 pixels wide',
    code: 'FRAME_NOT_PNG',
    make: () => tapeWith(frameWith({ data: png({ width: 0 }) })),
  },
  {
    what: 'a frame of another size',
    code: 'FRAME_SIZE',
    says: /frame-00001.png is 7×4 .* 6×4/,
    make: () => tapeWith(frameWith({ data: png({ width: 7 }) })),
  },
  {
    what: 'a frame 30,000 pixels wide',
    code: 'FRAME_TOO_LARGE',
    says: /30000×1 .*8192/,
    make: () => zip(frameEntries(2, { width: 30_000, height: 1 })),
  },
  {
    what: 'a frame 30,000 pixels wide among others',
    code: 'FRAME_TOO_LARGE',
    says: /frame-00001/,
    make: () => tapeWith(frameWith({ data: png({ width: 30_000, height: 500 }) })),
  },
  {
    what: 'frames of too many pixels',
    code: 'FRAME_TOO_LARGE',
    says: /2000×1049.*2098000.*2097152/,
    make: () => zip(frameEntries(2, { width: 2000, height: 1049 })),
  },
];

/** timing.json that can't be believed. */
const TIMINGS: readonly HostileTape[] = [
  { what: 'timing.json that is not JSON', code: 'TIMING_NOT_JSON', make: () => timed('[{"duration": 16') },
  { what: 'an empty timing.json', code: 'TIMING_NOT_JSON', make: () => timed('') },
  {
    what: 'timing.json nested a million deep',
    code: 'TIMING_NOT_JSON',
    make: () => timed('['.repeat(1_000_000)),
  },
  {
    what: 'timing.json that is an object',
    code: 'TIMING_NOT_ARRAY',
    make: () => timed({ frames: timingOf(3) }),
  },
  { what: 'timing.json that is null', code: 'TIMING_NOT_ARRAY', make: () => timed('null') },
  {
    what: 'a duration NaN',
    code: 'TIMING_NOT_NUMBER',
    says: /NaN/,
    make: () => timed('[{"frame": 0, "duration": NaN}]'),
  },
  {
    what: 'a duration null',
    code: 'TIMING_NOT_NUMBER',
    says: /entry 1 /,
    make: () => timed(durations(16, null, 16)),
  },
  {
    what: 'a duration in words',
    code: 'TIMING_NOT_NUMBER',
    says: /entry 2 /,
    make: () => timed(durations(16, 16, '16')),
  },
  {
    what: 'a duration beyond all numbers',
    code: 'TIMING_NOT_NUMBER',
    make: () => timed('[{"duration": 1e999}]'),
  },
  { what: 'an entry that is a number', code: 'TIMING_NOT_NUMBER', make: () => timed([16, 16, 16]) },
  {
    what: 'a negative duration',
    code: 'TIMING_NEGATIVE',
    says: /entry 1 .*-5 ms/,
    make: () => timed(durations(16, -5, 16)),
  },
  {
    what: 'more durations than frames',
    code: 'TIMING_LENGTH',
    says: /4 entries.*3 frames/,
    make: () => timed(timingOf(4)),
  },
  {
    what: 'a frame a day long',
    code: 'TAPE_TOO_LONG',
    says: /86400\.03 .* 60 /,
    make: () => timed(durations(16, 86_400_000, 16)),
  },
];

/** Every kind of tape that must be refused, each with the code that says why. */
export const HOSTILE_TAPES: readonly HostileTape[] = [
  ...FILES,
  ...DIRECTORIES,
  ...ENTRIES,
  ...BYTES,
  ...FRAMES,
  ...TIMINGS,
];

/** The limits a hostile tape is to be opened with. */
export function limitsOf({ limits }: HostileTape): Limits {
  return { ...DEFAULT_LIMITS, ...limits };
}

function junkWithEnd(): Buffer {
  const end = zip([]);
  end.writeUInt16LE(3, 8);
  end.writeUInt16LE(3, 10);
  end.writeUInt32LE(0x55667788, 12);
  return Buffer.concat([Buffer.alloc(5000, 0xa5), end]);
}

function withoutMiddle(whole: Buffer): Buffer {
  return Buffer.concat([whole.subarray(0, 300), whole.subarray(900)]);
}

/** Frame 1 begins within frame 0's data, where a whole entry is hidden. */
function overlapping(): Buffer {
  const inner = zip([frameWith({})]);
  const hidden = inner.subarray(0, 30 + frame1.length + png().length);
  const outer: Entry = { name: frameEntryName(0), data: Buffer.concat([png(), hidden]) };
  return zip([outer, frameWith({ headerOffset: 30 + frame1.length + png().length })]);
}

/** The last frame's data is said to go on into the directory. */
function reachingDirectory(): Buffer {
  const size = png().length + 40;
  return zip([...frameEntries(1), frameWith({ size, packedSize: size })]);
}

function zip64Locator(): Buffer {
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeUInt32LE(1, 16);
  return locator;
}

function zip64Size(size: bigint): Buffer {
  const extra = Buffer.alloc(12);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8, 2);
  extra.writeBigUInt64LE(size, 4);
  return extra;
}
