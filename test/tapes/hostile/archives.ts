import { frameWith, type HostileTape, honest, tapeWith } from './case.ts';
import { png, tapeEntries } from './parts.ts';
import { zip } from './zip.ts';

const MiB = 1024 * 1024;

/** Bytes that are no ZIP, or no whole one. */
export const FILES: readonly HostileTape[] = [
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

/** ZIPs with a wrong directory. */
export const DIRECTORIES: readonly HostileTape[] = [
  {
    what: 'a directory claiming 65,535 entries',
    code: 'TAPE_TOO_MANY_FRAMES',
    says: /65535.*9006/,
    make: () => zip(tapeEntries(), { count: 0xffff }),
  },
  {
    what: 'a directory claiming too many entries',
    code: 'TAPE_TOO_MANY_FRAMES',
    says: /9007.*9006/,
    make: () => zip(tapeEntries(), { count: 9007 }),
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
    what: 'a ZIP of several parts',
    code: 'ZIP_UNSUPPORTED',
    says: /part/,
    make: () => zip(tapeEntries(), { disk: 1 }),
  },
  {
    what: 'a ZIP64 without its end record',
    code: 'ZIP_CORRUPT',
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
