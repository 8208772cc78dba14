import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import JSZip from 'jszip';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BakeError } from '../../../service/bake/errors.ts';
import { DEFAULT_LIMITS } from '../../../service/bake/limits.ts';
import { openTape, type Tape } from '../../../service/bake/open/tape.ts';
import {
  frameEntries,
  frameEntryName,
  jsonEntry,
  png,
  tapeEntries,
  wav,
  withEntries,
} from '../../tapes/hostile/parts.ts';
import { type Entry, zip, zip64 } from '../../tapes/hostile/zip.ts';
import { HOSTILE_TAPES, limitsOf } from '../../tapes/hostile.ts';

let folder: string;
let made = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oven-open-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(bytes: Buffer): Promise<string> {
  const path = join(folder, `${made++}.zip`);
  await writeFile(path, bytes);
  return path;
}

/** Opens the ZIP, calls `use` with the tape, and closes it. */
async function opened<T>(
  bytes: Buffer,
  use: (tape: Tape) => T | Promise<T>,
  limits = DEFAULT_LIMITS,
): Promise<T> {
  const tape = await openTape(await write(bytes), limits);
  try {
    return await use(tape);
  } finally {
    await tape.close();
  }
}

/** Opens the ZIP and reads everything in it, as a bake does. */
async function readAll(bytes: Buffer, limits = DEFAULT_LIMITS): Promise<void> {
  await opened(
    bytes,
    async (tape) => {
      for (const frame of tape.frames) await tape.read(frame);
      if (tape.sound) await buffer(tape.stream(tape.sound));
    },
    limits,
  );
}

async function errorOf(promise: Promise<unknown>): Promise<BakeError> {
  const error = await promise.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(BakeError);
  return error as BakeError;
}

describe('hostile tapes', () => {
  it.each(HOSTILE_TAPES.map((tape) => [tape.code, tape.what, tape] as const))(
    'openTape refuses a hostile tape with %s: %s',
    async (code, _, tape) => {
      const error = await errorOf(readAll(tape.make(), limitsOf(tape)));
      expect(error.code, error.message).toBe(code);
      expect(error.retryable).toBe(false);
      expect(error.message).not.toContain(folder);
      expect(error.message).toMatch(/^[\x20-\x7e×…]{10,200}\.$/);
      if (tape.says) expect(error.message).toMatch(tape.says);
    },
  );

  it('openTape refuses a path without a file, and one of a folder', async () => {
    const missing = await errorOf(openTape(join(folder, 'none.zip'), DEFAULT_LIMITS));
    expect(missing).toMatchObject({ code: 'TAPE_NOT_FOUND', message: 'There is no such file (ENOENT).' });
    const isFolder = await errorOf(openTape(folder, DEFAULT_LIMITS));
    expect(isFolder).toMatchObject({ code: 'TAPE_NOT_FOUND', message: expect.stringContaining('folder') });
    const isDevice = await errorOf(openTape('/dev/null', DEFAULT_LIMITS));
    expect(isDevice.code).toBe('TAPE_NOT_FOUND');
  });
});

describe('unusual tapes', () => {
  const variants: readonly (readonly [string, () => Buffer | Promise<Buffer>])[] = [
    ['as the recorder writes it', () => zip(tapeEntries())],
    ['deflated', () => zip(tapeEntries().map((entry) => ({ ...entry, deflate: true })))],
    ['with sizes after the data', () => zip(tapeEntries().map((entry) => ({ ...entry, descriptor: true })))],
    [
      'with a comment',
      () => zip(tapeEntries(), { comment: Buffer.from('PK\x05\x06 a comment '.repeat(20)) }),
    ],
    [
      'with extra fields',
      () => zip(tapeEntries().map((entry) => ({ ...entry, localExtra: Buffer.alloc(600) }))),
    ],
    [
      'with extra fields of a byte or three, which are none',
      () =>
        zip(
          tapeEntries().map((entry, at) => ({
            ...entry,
            extra: Buffer.alloc(at % 4),
            localExtra: Buffer.alloc(at % 4),
          })),
        ),
    ],
    ['with ZIP64 that is not needed', () => zip64(tapeEntries())],
    ['with its entries in another order', () => zip(tapeEntries().reverse())],
    ['by JSZip, stored', () => jszip({ compression: 'STORE' })],
    ['by JSZip, deflated', () => jszip({ compression: 'DEFLATE' })],
    ['by JSZip, streamed', () => jszip({ compression: 'DEFLATE', streamFiles: true })],
    ['by JSZip, stored and streamed', () => jszip({ compression: 'STORE', streamFiles: true })],
  ];

  it.each(variants)('A tape %s opens', async (_, make) => {
    await opened(await make(), async (tape) => {
      expect(tape).toMatchObject({ width: 6, height: 4, alpha: true, warnings: [] });
      expect(tape.metadata).toMatchObject({ piece: 'prompt', slug: '2025.01.02.03.04.05.678' });
      expect(tape.durations).toEqual([1000 / 60, 1000 / 60, 1000 / 60]);
      expect(tape.frames.map(({ frame }) => frame)).toEqual([0, 1, 2]);
      for (const [index, frame] of tape.frames.entries()) {
        expect(await tape.read(frame)).toEqual(png({ value: index }));
      }
      expect(await tape.read(tape.sound!)).toEqual(wav());
      expect(await buffer(tape.stream(tape.sound!))).toEqual(wav());
    });
  });

  const multipart = Buffer.from('--x\r\nContent-Disposition: form-data; name="tape"\r\n\r\n');
  it.each<[string, () => Buffer, string]>([
    ['bytes after its end', () => zip(tapeEntries(), { after: Buffer.alloc(9) }), '0 bytes before.* 9 after'],
    ['many bytes after its end', () => zip(tapeEntries(), { after: Buffer.alloc(300_000) }), '300000 after'],
    [
      'a self-extractor before it',
      () => Buffer.concat([Buffer.alloc(70_000, 0x90), zip(tapeEntries())]),
      '70000',
    ],
    [
      'the rest of an upload around it',
      () => Buffer.concat([multipart, zip(tapeEntries()), multipart]),
      '52 bytes before.* 52 after',
    ],
    [
      'another ZIP before it',
      () => Buffer.concat([zip(frameEntries(9)), zip(tapeEntries())]),
      'bytes before',
    ],
    ['bytes before it, and ZIP64', () => Buffer.concat([Buffer.alloc(77), zip64(tapeEntries())]), '77'],
  ])('A tape with %s opens with a warning', async (_, make, says) => {
    await opened(make(), async (tape) => {
      expect(tape.warnings.map(({ code }) => code)).toEqual(['ZIP_SURROUNDED']);
      expect(tape.warnings[0]!.message).toMatch(new RegExp(says));
      for (const [index, frame] of tape.frames.entries()) {
        expect(await tape.read(frame)).toEqual(png({ value: index }));
      }
    });
  });

  it('A tape opens with strays that can not be unpacked, or exceed its limits', async () => {
    const stray: Entry = { name: 'tape/notes.txt', data: Buffer.alloc(99) };
    const strays: Entry[] = [
      { ...stray, method: 99, flags: 1 },
      { ...stray, crc: 1, size: 2 ** 31 },
      { ...stray, headerOffset: 2 ** 31 },
      { name: 'tape/', data: Buffer.alloc(0) },
    ];
    const inFolder = tapeEntries().map((entry) => ({ ...entry, name: `tape/${String(entry.name)}` }));
    await opened(zip([...strays, ...inFolder]), async (tape) => {
      expect(tape.warnings).toMatchObject([
        { code: 'ENTRIES_IGNORED', message: expect.stringMatching(/^3 /) },
      ]);
      expect(tape.frames.map(({ name }) => name)).toEqual([0, 1, 2].map(frameEntryName));
      for (const frame of tape.frames) await tape.read(frame);
    });
  });

  it('A tape of 4,000 frames opens with a file of macOS for each of them', async () => {
    const mac = frameEntries(4000).map(({ name }) => ({
      name: `__MACOSX/._${String(name)}`,
      data: Buffer.alloc(0),
    }));
    const timing = jsonEntry('timing.json', new Array(4000).fill(15));
    await opened(zip([...frameEntries(4000), timing, ...mac]), (tape) => {
      expect(tape.frames).toHaveLength(4000);
      expect(tape.warnings.map(({ code }) => code)).toEqual(['ENTRIES_IGNORED']);
    });
  });

  it("A tape of the recorder's older download opens, with times in the names and a total in milliseconds", async () => {
    const times = [1_700_000_000_000, 1_700_000_000_040, 1_700_000_000_100];
    const frames = times.map((time, value) => ({ name: `frame_${time}.png`, data: png({ value }) }));
    const metadata = { originalSize: { width: 6, height: 4 }, scale: 1, totalDuration: 180 };
    await opened(zip([...frames, jsonEntry('metadata.json', metadata)]), (tape) => {
      expect(tape.durations).toEqual([40, 60, 80]);
      expect(tape.warnings.map(({ code }) => code)).toEqual(['TIMING_MISSING', 'TIMING_UNITS']);
    });
  });

  it('A tape of a single frame alone opens', async () => {
    await opened(zip(frameEntries(1)), (tape) => {
      expect(tape.durations).toEqual([1000 / 60]);
      expect(tape.sound).toBeUndefined();
      expect(tape.warnings.map(({ code }) => code)).toEqual(['TIMING_MISSING']);
    });
  });

  it.each([
    ['RGBA frames', frameEntries(2), true],
    ['RGB frames', frameEntries(2, { colourType: 2 }), false],
    ['one RGBA frame among RGB', [...frameEntries(1, { colourType: 2 }), ...frameEntries(2).slice(1)], true],
  ])('A tape knows whether its pictures need an alpha channel: %s', async (_, entries, alpha) => {
    await opened(zip(entries), (tape) => expect(tape.alpha).toBe(alpha));
  });

  it('An unreadable metadata.json counts as absent', async () => {
    for (const value of ['{', '[]', 'null', { piece: 7, slug: '../x', totalDuration: 'eight' }]) {
      await opened(tapeBytes(jsonEntry('metadata.json', value)), (tape) => expect(tape.metadata).toEqual({}));
    }
  });
});

function tapeBytes(...changes: Entry[]): Buffer {
  return zip(withEntries(tapeEntries(), ...changes));
}

async function jszip(options: JSZip.JSZipGeneratorOptions): Promise<Buffer> {
  const archive = new JSZip();
  for (const { name, data } of tapeEntries()) archive.file(String(name), data);
  return archive.generateAsync({ ...options, type: 'nodebuffer' });
}
