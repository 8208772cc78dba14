import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BakeError } from '../../../service/bake/errors.ts';
import { DEFAULT_LIMITS } from '../../../service/bake/limits.ts';
import { openTape } from '../../../service/bake/open/tape.ts';
import { tapeEntries } from '../../tapes/hostile/parts.ts';
import { type Entry, zip, zip64 } from '../../tapes/hostile/zip.ts';

let path: string;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oven-fuzz-'));
  path = join(folder, 'tape.zip');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const shortened = tapeEntries().map((entry) => ({ ...entry, data: entry.data.subarray(0, 900) }));
const seeds = [
  zip(shortened),
  zip(shortened.map((entry) => ({ ...entry, deflate: true }))),
  zip(shortened.map((entry) => ({ ...entry, deflate: true, descriptor: true }))),
  zip64(shortened),
  zip([
    { name: '__MACOSX/._tape', data: Buffer.alloc(20) },
    ...shortened.map((entry) => ({ ...entry, name: `tape/${entry.name}` })),
  ]),
  // Damage near the end hits the directory, on which most decisions depend.
  zip(shortened.slice(0, 2), { comment: Buffer.from('a comment') }),
];

function sometimes(arbitrary: fc.Arbitrary<number>): fc.Arbitrary<number | null> {
  return fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
}

/** The bytes with some of them changed, removed or doubled. */
const damaged = fc
  .record({
    seed: fc.constantFrom(...seeds),
    changes: fc.array(fc.tuple(fc.noBias(fc.nat()), fc.nat(255)), { maxLength: 4 }),
    fromEnd: fc.boolean(),
    cut: sometimes(fc.nat(4000)),
    doubled: sometimes(fc.nat(4000)),
  })
  .map(({ seed, changes, fromEnd, cut, doubled }) => {
    let bytes = Buffer.from(seed);
    for (const [where, value] of changes) {
      const reach = fromEnd ? Math.min(500, bytes.length) : bytes.length;
      bytes[bytes.length - 1 - (where % reach)] = value;
    }
    if (cut !== null) bytes = bytes.subarray(0, cut);
    if (doubled !== null) bytes = Buffer.concat([bytes.subarray(0, doubled), bytes]);
    return bytes;
  });

/** A tape in which some entries have wrong fields. */
const lying = fc
  .record({
    lies: fc.array(
      fc.record({
        entry: fc.nat(5),
        field: fc.constantFrom<keyof Entry>(
          'size',
          'packedSize',
          'headerOffset',
          'crc',
          'method',
          'flags',
          'localSize',
        ),
        value: fc.oneof(fc.nat(100), fc.nat(5000), fc.constantFrom(8, 0xffff, 0xffffffff)),
      }),
      { maxLength: 3 },
    ),
    ending: fc.record(
      { count: fc.nat(9), directorySize: fc.nat(500), directoryOffset: fc.nat(4000), disk: fc.nat(1) },
      { requiredKeys: [] },
    ),
    isEndHonest: fc.boolean(),
    deflate: fc.boolean(),
    descriptor: fc.boolean(),
  })
  .map(({ lies, ending, isEndHonest, deflate, descriptor }) => {
    const entries = shortened.map((entry): Entry => ({ ...entry, deflate, descriptor }));
    for (const { entry, field, value } of lies) {
      const isShort = field === 'method' || field === 'flags';
      entries[entry] = { ...entries[entry]!, [field]: isShort ? value % 0x10000 : value };
    }
    return zip(entries, isEndHonest ? {} : ending);
  });

it.each([
  ['damaged', damaged, 1500],
  ['lying', lying, 1000],
])(
  'A %s ZIP opens and reads, or is refused by a BakeError, and nothing hangs',
  async (_, zips, numRuns) => {
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(zips, async (bytes) => {
        await writeFile(path, bytes);
        outcomes.add(await outcomeOfBaking());
      }),
      { numRuns },
    );
    expect(outcomes).toContain('read');
    expect(outcomes.size).toBeGreaterThan(6); // wrong in many ways
  },
  60_000,
);

/** Reads the whole tape, as a bake does. Gives the code of a BakeError, and throws any other error. */
async function outcomeOfBaking(): Promise<string> {
  try {
    const tape = await openTape(path, DEFAULT_LIMITS);
    try {
      for (const frame of tape.frames) await tape.read(frame);
      if (tape.sound) await buffer(tape.stream(tape.sound));
      return 'read';
    } finally {
      await tape.close();
    }
  } catch (error) {
    if (error instanceof BakeError) return error.code;
    throw error;
  }
}
