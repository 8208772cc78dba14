import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BakeError } from '../../service/bake/errors.ts';
import { DEFAULT_LIMITS } from '../../service/bake/limits.ts';
import { openTape } from '../../service/bake/open/tape.ts';
import { png, tapeEntries } from '../tapes/hostile/parts.ts';

// Programs by which a person may zip a tape again, where this machine has them, and test archives of others.

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oven-zippers-'));
  await mkdir(join(folder, 'tape'));
  for (const { name, data } of tapeEntries()) await writeFile(join(folder, 'tape', String(name)), data);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function isThere(program: string): Promise<boolean> {
  const { failed } = await execa('which', [program], { reject: false });
  return !failed;
}

const python = (code: string) => ['-c', `import shutil, zipfile, os; ${code}`];
interface Zipper {
  readonly what: string;
  readonly program: string;
  /** OUT stands for the ZIP that the program writes. */
  readonly args: readonly string[];
  /** Whether the program writes the ZIP to a pipe. */
  readonly isPiped?: boolean;
  readonly warnings?: readonly string[];
}
const ZIPPERS: readonly Zipper[] = [
  { what: 'zip -r', program: 'zip', args: ['-qr', 'OUT', 'tape'] },
  { what: 'zip -j', program: 'zip', args: ['-qrj', 'OUT', 'tape'] },
  { what: 'zip with ZIP64 forced', program: 'zip', args: ['-qr', '-fz', 'OUT', 'tape'] },
  { what: 'zip with ZIP64 forced, piped', program: 'zip', args: ['-qr', '-fz', '-', 'tape'], isPiped: true },
  { what: 'zip with descriptors forced', program: 'zip', args: ['-qr', '-fd', 'OUT', 'tape'] },
  { what: '7z', program: '7z', args: ['a', '-bso0', '-tzip', 'OUT', 'tape'] },
  { what: 'bsdtar', program: 'bsdtar', args: ['-acf', 'OUT', 'tape'] },
  { what: 'bsdtar from within', program: 'bsdtar', args: ['-acf', 'OUT', '-C', 'tape', '.'] },
  { what: 'jar', program: 'jar', args: ['cf', 'OUT', 'tape'], warnings: ['ENTRIES_IGNORED'] },
  {
    what: "Python's shutil",
    program: 'python3',
    args: python("shutil.make_archive('OUT'[:-4], 'zip', '.', 'tape')"),
  },
  {
    what: "Python's zipfile onto another file",
    program: 'python3',
    args: python(
      "open('OUT', 'wb').write(b'MZ' * 999); z = zipfile.ZipFile('OUT', 'a'); [z.write('tape/' + n) for n in os.listdir('tape')]; z.close()",
    ),
  },
];
const has = new Set<string>();
for (const program of new Set(ZIPPERS.map(({ program }) => program))) {
  if (await isThere(program)) has.add(program);
}

describe('a tape zipped again', () => {
  for (const { what, program, args, isPiped = false, warnings = [] } of ZIPPERS) {
    it.skipIf(!has.has(program))(`A tape that ${what} zipped again is read`, async () => {
      const out = join(folder, `${what.replaceAll(/\W+/g, '-')}.zip`);
      const { stdout } = await execa(
        program,
        args.map((arg) => arg.replaceAll('OUT', out)),
        { cwd: folder, encoding: 'buffer' },
      );
      if (isPiped) await writeFile(out, stdout);
      const tape = await openTape(out, DEFAULT_LIMITS);
      try {
        expect(tape.warnings.map(({ code }) => code)).toEqual(warnings);
        expect(tape.metadata.piece).toBe('prompt');
        expect(tape.frames).toHaveLength(3);
        for (const [value, frame] of tape.frames.entries())
          expect(await tape.read(frame)).toEqual(png({ value }));
      } finally {
        await tape.close();
      }
    });
  }
});

const GO_ROOT = String((await execa('go', ['env', 'GOROOT'], { reject: false })).stdout);
const CORPUS = join(GO_ROOT, 'src/archive/zip/testdata');
/** The errors of Go's test archives that are no ZIPs. The others are ZIPs without a tape. */
const FAULTS: Readonly<Record<string, string>> = {
  'test-badbase.zip': 'ZIP_CORRUPT',
  'test-baddirsz.zip': 'ZIP_CORRUPT',
  'readme.notzip': 'NOT_A_ZIP',
};

it.skipIf(GO_ROOT === '' || !existsSync(CORPUS))(
  "The archives of Go's own tests are refused with the right codes",
  async () => {
    const names = (await readdir(CORPUS)).filter((name) => /\.(not)?zip$/.test(name));
    expect(names.length).toBeGreaterThan(20);
    const codes = await Promise.all(
      names.map(async (name) => {
        const error = await openTape(join(CORPUS, name), DEFAULT_LIMITS).catch((thrown: unknown) => thrown);
        if (!(error instanceof BakeError)) throw new Error(`${name} gave ${error}`);
        return [name, error.code];
      }),
    );
    expect(Object.fromEntries(codes)).toEqual(
      Object.fromEntries(names.map((name) => [name, FAULTS[name] ?? 'TAPE_NO_FRAMES'])),
    );
  },
);
