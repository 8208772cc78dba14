import { frame1, frameWith, type HostileTape, tapeWith } from './case.ts';
import { frameEntries, frameEntryName, png, tapeEntries, wav } from './parts.ts';
import { type Entry, zip } from './zip.ts';

const MiB = 1024 * 1024;

/** Entries that no recorder writes. */
export const ENTRIES: readonly HostileTape[] = [
  ...[
    '../frame-00000.png',
    '/etc/frame-00000.png',
    'C:\\frame-00000.png',
    '..\\frame-00000.png',
    'C:frame-00003.png',
    '\\\\server\\share\\frame-00003.png',
    'tape/../frame-00003.png',
    'tape\\..\\frame-00003.png',
    'tape/C:/frame-00003.png',
    './../notes.txt',
    '__MACOSX/../../._frame-00000.png',
    '/',
    '',
    'frame-00003.png\0',
    'notes\0.txt',
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
    make: () => tapeWith({ name: '../\x1b[31m\u202egnp\n', data: png() }),
  },
  {
    what: 'a name of 60,000 characters',
    code: 'ENTRY_NAME',
    says: /^"a{64}…" /,
    make: () => tapeWith({ name: 'a'.repeat(60_000), data: png() }),
  },
  {
    what: 'a name that is not UTF-8 and leads out',
    code: 'ENTRY_NAME',
    make: () => tapeWith({ name: Buffer.from('../frame-\x81\x9f.png', 'latin1'), data: png() }),
  },
  {
    what: 'another name in the entry itself',
    code: 'ENTRY_NAME',
    says: /frame-00001/,
    make: () => tapeWith(frameWith({ localName: '../../evil.png.' })),
  },
  {
    what: 'a frame named by its time among numbered ones',
    code: 'TAPE_AMBIGUOUS',
    says: /number.*time/,
    make: () => tapeWith({ name: 'frame_1700000000000.png', data: png() }),
  },
  {
    what: 'frames in two folders',
    code: 'TAPE_AMBIGUOUS',
    says: /the root and "tape"/,
    make: () => tapeWith({ name: 'tape/frame-00003.png', data: png() }),
  },
  {
    what: 'two names of one frame',
    code: 'ENTRY_DUPLICATE',
    says: /frame-00001\.png and Frame_1\.PNG/,
    make: () => tapeWith({ name: 'Frame_1.PNG', data: png() }),
  },
  {
    what: 'two names of timing.json',
    code: 'ENTRY_DUPLICATE',
    says: /timing\.json and Timing\.JSON/,
    make: () => tapeWith({ name: 'Timing.JSON', data: Buffer.from('[]') }),
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

/** Frame 1 begins within frame 0's data, where a whole entry is hidden. */
function overlapping(): Buffer {
  const inner = zip([frameWith({})]);
  const hidden = inner.subarray(0, 30 + frame1.length + png().length);
  const outer: Entry = { name: frameEntryName(0), data: Buffer.concat([png(), hidden]) };
  return zip([outer, frameWith({ headerOffset: 30 + frame1.length + png().length })]);
}

/** The last frame's data reaches into the directory. */
function reachingDirectory(): Buffer {
  const size = png().length + 40;
  return zip([...frameEntries(1), frameWith({ size, packedSize: size })]);
}
