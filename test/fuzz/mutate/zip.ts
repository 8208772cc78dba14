import { type Ending, type Entry, zip, zip64 } from '../../tapes/hostile/zip.ts';
import { pick, type Random } from '../../tapes/random.ts';
import { below, damage, oddInteger, oneIn } from './bytes.ts';

const NAMES = [
  ...['', '.', '..', '/', '\\', 'a/../frame-00000.png', '/frame-00000.png', 'C:\\frame-00000.png', '\0'],
  ...['frame-1.png', 'FRAME-00000.PNG', 'frame-99999999999999999999.png', 'frame_1700000000000.25.png'],
  ...['Timing.JSON', 'soundtrack.wav', 'metadata.json', '__MACOSX/._x', 'a/'.repeat(40), 'x'.repeat(5000)],
  ...['frame-00000.png/', '\u202egnp.1', 'frame-00000\u0301.png', 'tape/frame-00000.png'],
];
const SHORTS = ['method', 'flags', 'localFlags'] as const;
const LONGS = [
  ...(['size', 'packedSize', 'crc', 'headerOffset', 'localSize', 'localPackedSize', 'localCrc'] as const),
  'localSignature' as const,
];

const ENTRY_CHANGES: readonly ((random: Random, entry: Entry) => Entry)[] = [
  (random, entry) => ({ ...entry, name: pick(random, NAMES) }),
  (random, entry) => ({ ...entry, localName: pick(random, NAMES) }),
  (random, entry) => ({
    ...entry,
    name: damage(random, Buffer.from(entry.name), Buffer.from('frame-00001.png')),
  }),
  (random, entry) => ({ ...entry, [pick(random, SHORTS)]: oddInteger(random, 2) }),
  (random, entry) => ({ ...entry, [pick(random, LONGS)]: oddInteger(random, 4, entry.data.length) }),
  (random, entry) => ({ ...entry, deflate: true, descriptor: oneIn(random, 2) }),
  (_random, entry) => ({ ...entry, descriptor: true }),
  (random, entry) => ({ ...entry, [pick(random, ['extra', 'localExtra'] as const)]: oddExtra(random) }),
  (random, entry) => ({ ...entry, packed: damage(random, entry.data, entry.data) }),
  (random, entry) => ({ ...entry, deflate: true, data: Buffer.alloc(below(random, 3_000_000)) }),
];

/** Extra fields: ZIP64 with odd numbers, Unicode names, and what is cut. */
function oddExtra(random: Random): Buffer {
  const body = Buffer.alloc(below(random, 40));
  for (let at = 0; at + 4 <= body.length; at += 4)
    body.writeUInt32LE(oneIn(random, 2) ? 0 : oddInteger(random, 4), at);
  const head = Buffer.alloc(4);
  head.writeUInt16LE(pick(random, [1, 0x7075, 0x5455, 0x9901, 0xffff]));
  head.writeUInt16LE(oneIn(random, 4) ? oddInteger(random, 2) : body.length, 2);
  return Buffer.concat([head, body]).subarray(0, oneIn(random, 6) ? below(random, 6) : undefined);
}

const LIST_CHANGES: readonly ((random: Random, entries: Entry[]) => Entry[])[] = [
  (random, entries) => entries.toSpliced(below(random, entries.length), 1),
  (random, entries) => entries.toSpliced(below(random, entries.length), 0, pick(random, entries)),
  (random, entries) => {
    const [one, other] = [below(random, entries.length), below(random, entries.length)];
    return entries.with(one, entries[other]!).with(other, entries[one]!);
  },
  (random, entries) => {
    const at = below(random, entries.length);
    return entries.with(at, { ...entries[at]!, data: pick(random, entries).data });
  },
  (_random, entries) => entries.map((entry) => ({ ...entry, name: `tape/${entry.name}` })),
];

function oddEnding(random: Random, count: number): Ending {
  return pick<() => Ending>(random, [
    () => ({ count: oddInteger(random, 2, count) }),
    () => ({ directorySize: oddInteger(random, 4, 46 * count) }),
    () => ({ directoryOffset: oddInteger(random, 4, 2000) }),
    () => ({ disk: oddInteger(random, 2) }),
    () => ({ comment: Buffer.alloc(below(random, 0x10000), 'PK\x05\x06') }),
    () => ({ after: Buffer.alloc(below(random, 100_000)) }),
    () => ({ beforeEnd: Buffer.alloc(below(random, 200), 'PK\x06\x07') }),
  ])();
}

/** A ZIP of these entries with wrong fields, in wrong order, or with damaged bytes. */
export function mutateZip(random: Random, entries: readonly Entry[], other: Buffer): Buffer {
  let changed = [...entries];
  if (oneIn(random, 2))
    changed = changed.map((entry) => ({ ...entry, deflate: true, descriptor: oneIn(random, 4) }));
  for (let times = below(random, 4); times > 0 && changed.length > 0; times--) {
    const at = below(random, changed.length);
    changed = oneIn(random, 3)
      ? pick(random, LIST_CHANGES)(random, changed)
      : changed.with(at, pick(random, ENTRY_CHANGES)(random, changed[at]!));
  }
  const bytes = oneIn(random, 6)
    ? zip64(changed)
    : zip(changed, oneIn(random, 3) ? oddEnding(random, changed.length) : {});
  return oneIn(random, 2) ? damage(random, bytes, other) : bytes;
}
