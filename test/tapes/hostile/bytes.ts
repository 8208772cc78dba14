import { frameWith, type HostileTape, honest, tapeWith } from './case.ts';
import { jsonEntry, png, timingOf, wav } from './parts.ts';

const MiB = 1024 * 1024;
const bomb = Buffer.alloc(8 * MiB);

/** Entries whose bytes differ from their size or checksum. */
export const BYTES: readonly HostileTape[] = [
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
    what: 'a sound of more bytes than a tape may have',
    code: 'TAPE_TOO_LARGE',
    limits: { unzippedBytes: 8 * MiB },
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
