import { copyFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Scratch, scratch, standIn } from '../bake/scratch.ts';
import { HOSTILE_TAPES } from '../tapes/hostile.ts';
import { makeTape } from '../tapes/make.ts';
import { oven, pathWith, startOven } from './oven.ts';

let folders: Scratch;
let tape: string;

beforeAll(async () => {
  folders = await scratch();
  tape = join(folders.root, 'tape.zip');
  await makeTape(tape, { scene: 'sprites', width: 40, height: 30, seconds: 0.5, sound: true });
});
beforeEach(() => folders.empty());
afterAll(() => folders.remove());

const outFiles = async () => (await readdir(folders.out)).sort();

describe('oven bake of a good tape', () => {
  it('oven bake writes a video and a thumbnail, prints a report, and prints nothing on stderr', async () => {
    const { exitCode, stdout, stderr } = await oven(folders, 'bake', tape);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(await outFiles()).toEqual(['tape-thumb.jpg', 'tape.mp4']);
    expect(stdout).toMatch(/^tape\.mp4 .*\n(.*\n)*tape-thumb\.jpg /m);
    expect(await readdir(folders.temp)).toEqual([]);
  });

  it('oven bake names its files after the tape, in any spelling of .zip and at any length', async () => {
    const long = 'a'.repeat(247);
    for (const name of ['Loud.ZIP', `${long}.zip`]) {
      await copyFile(tape, join(folders.root, name));
      const { exitCode, stderr } = await oven(folders, 'bake', join(folders.root, name));
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    }
    const cut = `${'a'.repeat(235)}-[0-9a-f]{8}`;
    expect((await outFiles()).join()).toMatch(
      new RegExp(`^Loud-thumb.jpg,Loud.mp4,${cut}-thumb.jpg,${cut}.mp4$`),
    );
  });

  it('oven bake --json prints one object, and nothing else', async () => {
    const { stdout, stderr } = await oven(folders, 'bake', '--scale', '2', '--json', tape);
    expect(stderr).toBe('');
    const number = expect.any(Number);
    expect(JSON.parse(String(stdout))).toMatchObject({
      paths: { mp4: join(folders.out, 'tape.mp4'), thumbnail: join(folders.out, 'tape-thumb.jpg') },
      width: 80,
      height: 60,
      bytes: number,
      frames: number,
      uniqueFrames: number,
      duration: number,
      timings: { total: number, open: number, mp4: number },
    });
  });

  it('oven bake makes every --format below --out, in any order of the words', async () => {
    const args = ['--format', 'gif', '-f', 'webp', '--format', 'webm', tape, '--out', 'a/b', '--json'];
    const { stdout, exitCode } = await oven(folders, 'bake', ...args);
    expect(exitCode).toBe(0);
    const made = (await readdir(join(folders.out, 'a/b'))).sort();
    expect(made).toEqual(['tape-thumb.jpg', 'tape.gif', 'tape.webm', 'tape.webp']);
    // The width of the GIF, not of the thumbnail.
    expect(JSON.parse(String(stdout))).toMatchObject({ paths: { gif: join(folders.out, 'a/b/tape.gif') } });
    expect(JSON.parse(String(stdout)).width).not.toBe(512);
  });
});

describe('oven --help', () => {
  it.each([[['bake', '--help']], [['bake', '-h']], [['help', 'bake']]])(
    'oven %j mentions every option, value and variable',
    async (args) => {
      const { exitCode, stdout, stderr } = await oven(folders, ...args);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      const words = [
        'TAPE.zip',
        '--out',
        '--scale',
        '--format',
        '--json',
        '--help',
        'Examples',
        'TEMP_DIR',
        'Exit',
      ];
      for (const word of words) expect(stdout).toContain(word);
      for (const value of ['auto', '1', '2', '4', '6', '8', 'mp4', 'webm', 'gif', 'webp']) {
        expect(stdout).toContain(value);
      }
    },
  );

  it('oven --help names the command bake', async () => {
    const { exitCode, stdout } = await oven(folders, '--help');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('bake');
  });
});

describe('wrong usage', () => {
  it.each<[string[], RegExp]>([
    [['bake'], /TAPE\.zip/],
    [['bake', 'a.zip', 'b.zip'], /argument/],
    [['bake', 'a.zip', '--scal', '2'], /--scal'.*--scale/],
    [['bake', 'a.zip', '--scale', '3'], /--scale.*auto, 1, 2, 4, 6, 8/],
    [['bake', 'a.zip', '--scale', '2x'], /--scale.*auto, 1, 2, 4, 6, 8/],
    [['bake', 'a.zip', '--scale'], /--scale.*missing/],
    [['bake', 'a.zip', '--format', 'avi'], /--format.*mp4, webm, share, gif, webp/],
    [['bake', 'a.zip', '--out'], /--out.*missing/],
    [['bakke', 'a.zip'], /bakke.*bake/],
    [['--nonsense'], /--nonsense/],
  ])('oven %j ends with exit code 2 and one line that helps', async (args, says) => {
    const { exitCode, stdout, stderr } = await oven(folders, ...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^oven: [^\n]+--help[^\n]*$/);
    expect(stderr).toMatch(says);
  });

  it('oven without a command ends with exit code 2 and lists the commands', async () => {
    const { exitCode, stderr } = await oven(folders);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('bake');
  });
});

/** One tape for each code that the default limits lead to. */
const KINDS = [
  ...new Map(HOSTILE_TAPES.filter(({ limits }) => !limits).map((one) => [one.code, one])).values(),
];

describe('bad input', () => {
  const expectLine = async (args: readonly string[], file: string, code: string, env = {}) => {
    const { exitCode, stdout, stderr } = await startOven(folders, args, { env });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    const [start, end] = [`oven: ${file}: `, ` [${code}]`];
    expect(stderr.startsWith(start) && stderr.endsWith(end), stderr).toBe(true);
    const message = stderr.slice(start.length, -end.length);
    expect(message).toMatch(/^\p{Lu}?[\p{L}\p{N}\p{P}\p{S} ]+$/u);
    expect(message).not.toContain(folders.root);
    expect(await folders.left()).toEqual([]);
  };

  it.each(KINDS)('oven bake fails with $code for a tape with $what', async ({ code, make }) => {
    await writeFile(join(folders.root, 'bad.zip'), make());
    await expectLine(['bake', '../bad.zip'], '../bad.zip', code);
  });

  it('oven bake --json fails with the same line for a bad tape', async () => {
    await writeFile(join(folders.root, 'bad.zip'), 'no tape');
    await expectLine(['bake', '../bad.zip', '--json'], '../bad.zip', 'NOT_A_ZIP');
  });

  it('oven bake fails with TAPE_NOT_FOUND where there is no file', () =>
    expectLine(['bake', 'no.zip'], 'no.zip', 'TAPE_NOT_FOUND'));

  it('oven bake fails with OUTPUT_NOT_WRITABLE where --out is a file', () =>
    expectLine(['bake', tape, '--out', tape], tape, 'OUTPUT_NOT_WRITABLE'));

  it('oven bake fails with TEMP_DIR_UNUSABLE where TEMP_DIR does not exist', () =>
    expectLine(['bake', tape], tape, 'TEMP_DIR_UNUSABLE', { TEMP_DIR: join(folders.root, 'nowhere') }));

  it('oven bake fails with FFMPEG_MISSING where there is no ffmpeg', () =>
    expectLine(['bake', tape], tape, 'FFMPEG_MISSING', { PATH: folders.root }));

  it('oven bake fails with FFMPEG_FAILED where ffmpeg fails', async () => {
    const bin = join(folders.root, 'bin');
    await standIn(bin, 'ffmpeg', 'echo "many words" >&2; exit 1', folders.pids);
    await expectLine(['bake', tape], tape, 'FFMPEG_FAILED', { PATH: pathWith(folders) });
    await rm(bin, { recursive: true });
  });
});
