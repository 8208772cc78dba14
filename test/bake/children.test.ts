import { readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { bake } from '../../service/bake/bake.ts';
import { runEncoder } from '../../service/bake/encode/run-encoder.ts';
import { inputArguments } from '../../service/bake/ffmpeg.ts';
import { decodeArguments } from '../../service/bake/sound/decode.ts';
import { parseFormat } from '../../service/bake/sound/wav.ts';
import { until } from '../rig/until.ts';
import { composeTape } from '../tapes/compose.ts';
import { wav } from '../tapes/hostile/parts.ts';
import { drawFrames } from '../tapes/make.ts';
import { makeSound } from '../tapes/sound.ts';
import { makeTiming } from '../tapes/timing.ts';
import { failure, isAlive, pidsIn, type Scratch, scratch, standIn } from './scratch.ts';

// What every run of ffmpeg has, whatever it is for.

let folders: Scratch;
/** A tape for which ffmpeg runs three times: it decodes the sound, encodes the pictures, and encodes the sound. */
let tape: string;

beforeAll(async () => {
  folders = await scratch();
  tape = join(folders.root, 'tape.zip');
  const [plain, adpcm] = ['plain.wav', 'adpcm.wav'].map((name) => join(folders.root, name));
  await writeFile(plain!, makeSound(0.5));
  await execa('ffmpeg', ['-v', 'error', '-i', plain!, '-c:a', 'adpcm_ms', adpcm!]);
  const starts = [0, 0.1, 0.2, 0.3, 0.4];
  const frames = await drawFrames({ scene: 'sprites', width: 40, height: 30, seconds: 0.5 }, starts);
  const timing = makeTiming(starts.map(() => 100));
  await composeTape(tape, { frames, timing, sound: await readFile(adpcm!) });
});
beforeEach(() => folders.empty());
afterEach(() => vi.unstubAllEnvs());
afterAll(() => folders.remove());

const program = (name: string, script: string) => standIn(folders.root, name, script, folders.pids);
const bakeWith = (ffmpeg: string, signal?: AbortSignal) =>
  bake(tape, {
    outDir: folders.out,
    tempDir: folders.temp,
    name: 'tape',
    ffmpeg,
    outputs: [{ kind: 'mp4' }],
    ...(signal && { signal }),
  });
const readToEnd = async (packets: AsyncIterable<Uint8Array>) => {
  for await (const _ of packets);
};
const encodeWith = (ffmpeg: string) =>
  runEncoder(
    [],
    { take: readToEnd },
    { ffmpeg, stallSeconds: 60, niceness: 0, signal: new AbortController().signal },
  );

it('Every run of ffmpeg has PATH in its environment and nothing else', async () => {
  const seen = join(folders.root, 'environments');
  const ffmpeg = await program('curious', `cat /proc/$$/environ >> '${seen}'; exec ffmpeg "$@"`);
  vi.stubEnv('CALLBACK_SECRET', 'whsec_of-nobody-else');
  const report = await bakeWith(ffmpeg);
  expect(report.sound?.seconds).toBeGreaterThan(0.4);
  expect(pidsIn(folders.pids)).toHaveLength(3);
  expect(readFileSync(seen, 'utf8')).toBe(`PATH=${process.env.PATH}\0`.repeat(3));
});

describe('A process that ffmpeg starts and that ignores SIGTERM ends', () => {
  const stubborn = (redirections: string) =>
    `sh -c 'trap "" TERM INT HUP; echo $$ >> "${folders.pids}"; while :; do sleep 60; done' ${redirections} &\n` +
    `while [ "$(wc -l < '${folders.pids}')" -lt 2 ]; do :; done`;
  const bothEnd = () =>
    until('both have ended', () => {
      const pids = pidsIn(folders.pids);
      return pids.length === 2 && !pids.some(isAlive);
    });
  const apart = '</dev/null >/dev/null 2>&1 3>&-';

  it.each([
    ['holds its output open', ''],
    ['has let go of its output', apart],
  ])('when ffmpeg has failed, and it %s', async (_, redirections) => {
    const ffmpeg = await program('parent', `${stubborn(redirections)}\nexit 1`);
    expect((await failure(encodeWith(ffmpeg))).code).toBe('FFMPEG_FAILED');
    await bothEnd();
  });

  it('when ffmpeg has ended well', async () => {
    await encodeWith(await program('parent', stubborn(apart)));
    await bothEnd();
  });

  it('when the bake is aborted', async () => {
    const stop = new AbortController();
    // Only the first run, the decoder of the sound, is there when the bake ends.
    const ffmpeg = await program('parent', `${stubborn('')}\nexec sleep 600`);
    const baking = failure(bakeWith(ffmpeg, stop.signal));
    await until('both run', () => pidsIn(folders.pids).length === 2);
    stop.abort();
    expect((await baking).code).toBe('BAKE_ABORTED');
    await bothEnd();
  });
});

it('A process outside of its group that holds ffmpeg’s output open does not delay an abort', async () => {
  const ffmpeg = await program(
    'parent',
    `setsid sh -c 'echo $$ >> "${folders.pids}"; exec sleep 600' &\nexec sleep 600`,
  );
  const stop = new AbortController();
  const baking = failure(bakeWith(ffmpeg, stop.signal));
  await until('both run', () => pidsIn(folders.pids).length === 2);
  stop.abort();
  expect((await baking).code).toBe('BAKE_ABORTED');
  for (const pid of pidsIn(folders.pids).filter(isAlive)) process.kill(pid, 'SIGKILL');
});

it.each([25, 29, 33])('With %i descriptors a bake ends with a code, and leaves no file', async (most) => {
  const command = 'ulimit -n "$1"; shift; exec "$@"';
  const oven = [process.execPath, 'bin/oven.js', 'bake', tape, '--out', folders.out];
  const env = { TEMP_DIR: folders.temp };
  const { exitCode, stderr } = await execa('sh', ['-c', command, 'sh', `${most}`, ...oven], {
    env,
    reject: false,
    timeout: 60_000,
  });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/\[[A-Z_]+\]$/);
  expect(await readdir(folders.temp)).toEqual([]);
  expect(await readdir(folders.out)).toEqual([]);
});

describe('A flood', () => {
  const GROWTH = 150 * 1024 * 1024;

  it.each([
    ['of messages is stopped', 'exec cat /dev/zero >&2', /messages without end/],
    ['of messages in lines is stopped', 'exec yes "[png @ 0x1] a harmless word" >&2', /messages without end/],
    ['of a line that does not end takes no memory', 'head -c 400000000 /dev/zero; exit 1', /exit code 1/],
  ])('%s', async (_, script, message) => {
    const ffmpeg = await program('flood', script);
    const before = process.memoryUsage.rss();
    let peak = 0;
    const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
    const { code, message: told } = await failure(encodeWith(ffmpeg));
    clearInterval(timer);
    expect(code).toBe('FFMPEG_FAILED');
    expect(told).toMatch(message);
    expect(peak - before).toBeLessThan(GROWTH);
  });
});

describe('ffmpeg refuses an input', () => {
  const run = async (args: readonly string[], input?: Buffer) => {
    const { failed, stderr } = await execa('ffmpeg', args, { reject: false, ...(input && { input }) });
    return { failed, stderr };
  };
  const PICTURES = inputArguments({ protocol: 'pipe', format: 'matroska', decoders: ['png'] });

  it('of another decoder', async () => {
    const { stdout } = await execa(
      'ffmpeg',
      ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=d=0.1', '-c:v', 'mjpeg', '-f', 'matroska', 'pipe:1'],
      { encoding: 'buffer' },
    );
    const { failed, stderr } = await run(
      [...PICTURES, '-i', 'pipe:0', '-f', 'null', '-'],
      Buffer.from(stdout),
    );
    expect(failed).toBe(true);
    expect(stderr).toMatch(/not on whitelist/i);
  });

  it('of another demuxer', async () => {
    const args = inputArguments({ protocol: 'file', format: 'wav', decoders: ['pcm_s16le'] });
    const { failed, stderr } = await run([...args.slice(0, -2), '-i', tape, '-f', 'null', '-'], undefined);
    expect(failed, stderr).toBe(true);
  });

  it('of another protocol', async () => {
    const { failed, stderr } = await run([...PICTURES, '-i', 'tcp://127.0.0.1:9/', '-f', 'null', '-']);
    expect(failed).toBe(true);
    expect(stderr).toMatch(/not on whitelist/i);
  });

  it('that is a WAV of a coding that nobody needs', async () => {
    const path = join(folders.root, 'atrac.wav');
    await writeFile(path, wav({ format: 0x270, blockAlign: 384 }));
    const bytes = await readFile(path);
    const format = parseFormat(bytes.subarray(20, 20 + bytes.readUInt32LE(16)), false)!;
    const args = decodeArguments(path, format, 2, 1).map((arg) => (arg === 'fatal' ? 'error' : arg));
    const { failed, stderr } = await run(args);
    expect(failed).toBe(true);
    expect(stderr).toMatch(/not on whitelist/i);
  });
});
