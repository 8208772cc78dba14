import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { bake } from '../../service/bake/bake.ts';
import { runEncoder } from '../../service/bake/encode/run-encoder.ts';
import { DEFAULT_LIMITS } from '../../service/bake/limits.ts';
import type { BakeOptions } from '../../service/bake/options.ts';
import { OUTPUT_KINDS } from '../../service/bake/outputs.ts';
import type { BakeStage } from '../../service/bake/report.ts';
import { HOSTILE_TAPES, limitsOf } from '../tapes/hostile.ts';
import { makeTape } from '../tapes/make.ts';
import { failure, isAlive, pidsIn, type Scratch, scratch, standIn } from './scratch.ts';

let folders: Scratch;
let tape: string;
let pids: string;

beforeAll(async () => {
  folders = await scratch();
  tape = join(folders.root, 'tape.zip');
  pids = folders.pids;
  await makeTape(tape, { scene: 'sprites', width: 40, height: 30, seconds: 0.5, sound: true });
});
beforeEach(() => folders.empty());
afterAll(() => folders.remove());

/** Bakes into the scratch folders, checks that nothing is left, and gives the code of the error. */
async function fault(options: Partial<BakeOptions> = {}, path = tape): Promise<string> {
  const bases = { outDir: folders.out, tempDir: folders.temp, name: 'tape' };
  const { code } = await failure(bake(path, { ...bases, ...options }));
  expect(await folders.left()).toEqual([]);
  expect(pidsIn(pids).filter(isAlive)).toEqual([]);
  return code;
}

const program = (name: string, script: string) => standIn(folders.root, name, script, pids);

describe('hostile tapes', () => {
  it.each(HOSTILE_TAPES)(
    'A hostile tape leaves nothing behind and fails with $code: $what',
    async (hostile) => {
      const path = join(folders.root, 'hostile.zip');
      await writeFile(path, hostile.make());
      expect(await fault({ limits: limitsOf(hostile) }, path)).toBe(hostile.code);
    },
  );

  it('A path without a tape, or to a folder, fails with TAPE_NOT_FOUND', async () => {
    expect(await fault({}, join(folders.root, 'nothing.zip'))).toBe('TAPE_NOT_FOUND');
    expect(await fault({}, folders.out)).toBe('TAPE_NOT_FOUND');
  });

  it('A tape that is longer than the bake allows fails with TAPE_TOO_LONG', async () => {
    expect(await fault({ limits: { ...DEFAULT_LIMITS, seconds: 0.4 } })).toBe('TAPE_TOO_LONG');
  });

  it('A tape whose outputs have too many pixels fails with TAPE_TOO_MANY_PIXELS before an encoder starts', async () => {
    const ffmpeg = await program('ffmpeg', 'exit 1');
    const limits = { ...DEFAULT_LIMITS, tapePixels: 100_000 };
    expect(await fault({ ffmpeg, limits })).toBe('TAPE_TOO_MANY_PIXELS');
    expect(pidsIn(pids)).toEqual([]);
  });
});

describe('ffmpeg', () => {
  it('A bake without ffmpeg fails with FFMPEG_MISSING', async () => {
    expect(await fault({ ffmpeg: 'no-such-program' })).toBe('FFMPEG_MISSING');
    expect(await fault({ ffmpeg: tape })).toBe('FFMPEG_MISSING');
  });

  it.each([
    ['FFMPEG_STALLED', 'writes nothing', 'exec sleep 600'],
    ['FFMPEG_STALLED', 'writes lines without progress', 'while :; do echo frame=1; echo bitrate=N/A; done'],
    [
      'FFMPEG_STALLED',
      'repeats its progress',
      'while :; do echo frame=5; echo out_time_us=1000; sleep 0.05; done',
    ],
    ['FFMPEG_FAILED', 'exits 1', 'echo "Unknown encoder at /some/path" >&2; exit 1'],
    ['FFMPEG_FAILED', 'dies of a signal', 'kill -SEGV $$'],
    ['FFMPEG_FAILED', 'floods its standard error', 'head -c 1000000 /dev/zero >&2; exit 1'],
    ['VERIFY_FAILED', 'writes nothing and exits 0', 'exit 0'],
    ['VERIFY_FAILED', 'writes no video', 'echo no video >&3'],
    [
      'VERIFY_FAILED',
      'writes too few pictures',
      'exec ffmpeg -v error -f lavfi -i testsrc=d=0.1:s=64x48 -c:v libx264 -f matroska pipe:3',
    ],
    [
      'VERIFY_FAILED',
      'writes other pictures',
      'exec ffmpeg -v error -f lavfi -i testsrc=d=10:r=60 -c:v libx264 -f matroska pipe:3',
    ],
  ])('A bake fails with %s when ffmpeg %s', async (code, _what, script) => {
    const ffmpeg = await program('ffmpeg-stand-in', script);
    // On a busy machine even a start takes a while, so only a run that has to stall gets little time.
    const stallSeconds = code === 'FFMPEG_STALLED' ? 0.3 : 30;
    expect(await fault({ ffmpeg, stallSeconds })).toBe(code);
    expect(pidsIn(pids)).not.toEqual([]);
  });
});

it('An ffmpeg that waits until its packets are taken does not stall', async () => {
  const ffmpeg = await program('plentiful', 'head -c 1000000 /dev/zero >&3');
  const watch = { ffmpeg, stallSeconds: 1, niceness: 0, signal: new AbortController().signal };
  const take = async (packets: AsyncIterable<Uint8Array>) => {
    let bytes = 0;
    for await (const { length } of packets) {
      if (bytes === 0) await delay(2500);
      bytes += length;
    }
    return bytes;
  };
  expect(await runEncoder([], { take }, watch)).toBe(1_000_000);
});

it('The cause of FFMPEG_FAILED has the last messages of ffmpeg, and no more', async () => {
  const ffmpeg = await program('talkative', 'yes nonsense | head -c 300000 >&2; echo the reason >&2; exit 1');
  const bases = { outDir: folders.out, tempDir: folders.temp, name: 'tape' };
  const { code, cause } = await failure(bake(tape, { ...bases, ffmpeg }));
  expect(code).toBe('FFMPEG_FAILED');
  expect((cause as Error).message).toMatch(/nonsense\n.*the reason$/);
  expect((cause as Error).message.length).toBeLessThan(5000);
});

it('The encoder gets only PATH of the environment', async () => {
  const ffmpeg = await program(
    'ffmpeg-curious',
    '[ -z "$HOME$OVEN_TEST_SECRET" ] || exit 1; exec ffmpeg "$@"',
  );
  vi.stubEnv('OVEN_TEST_SECRET', 'secret');
  const outputs = [{ kind: 'mp4' }] as const;
  await bake(tape, { outDir: folders.out, tempDir: folders.temp, name: 'tape', ffmpeg, outputs });
  vi.unstubAllEnvs();
});

it('The encoder runs with the niceness of the options', async () => {
  const outDir = folders.out;
  // The program waits until its priority is lowered. Otherwise it makes no progress, and the bake fails.
  const ffmpeg = await program(
    'ffmpeg-nice',
    'until [ "$(ps -o ni= -p $$)" -eq 7 ]; do :; done; exec ffmpeg "$@"',
  );
  const outputs = [{ kind: 'mp4' }] as const;
  await bake(tape, {
    outDir,
    tempDir: folders.temp,
    name: 'tape',
    ffmpeg,
    outputs,
    niceness: 7,
    stallSeconds: 10,
  });
});

describe('timeout and abort', () => {
  it('A bake that takes too long fails with BAKE_TIMEOUT', async () => {
    const ffmpeg = await program('hanging', 'exec sleep 600');
    expect(await fault({ ffmpeg, timeoutSeconds: 2 })).toBe('BAKE_TIMEOUT');
  });

  it('A bake that is aborted before its start fails with BAKE_ABORTED', async () => {
    expect(await fault({ signal: AbortSignal.abort() })).toBe('BAKE_ABORTED');
  });

  it.each<BakeStage>(['open', 'unpack', 'mp4', 'webm', 'gif', 'webp'])(
    'A bake that is aborted in the stage %s fails with BAKE_ABORTED',
    async (at) => {
      const stop = new AbortController();
      const ffmpeg = await program('ffmpeg-real', 'exec ffmpeg "$@"');
      const outputs = OUTPUT_KINDS.map((kind) => ({ kind }));
      const onProgress = ({ stage }: { stage: BakeStage }) => stage === at && stop.abort();
      expect(await fault({ ffmpeg, outputs, signal: stop.signal, onProgress })).toBe('BAKE_ABORTED');
    },
  );

  it('A bake that is aborted while the encoder works fails with BAKE_ABORTED', async () => {
    const stop = new AbortController();
    // It reads pictures no faster than they are shown, so it can't end before the abort.
    const ffmpeg = await program('ffmpeg-slow', 'exec ffmpeg -re "$@"');
    const onProgress = ({ pictures = 0 }) => pictures > 0 && stop.abort();
    expect(await fault({ ffmpeg, signal: stop.signal, onProgress })).toBe('BAKE_ABORTED');
    // One process encodes the pictures, and one the sound.
    expect(pidsIn(pids)).toHaveLength(2);
  });
});

describe('folders', () => {
  it('A bake makes a missing outDir', async () => {
    const outDir = join(folders.out, 'new', 'newer');
    const { outputs } = await bake(tape, { outDir, tempDir: folders.temp, name: 'tape' });
    expect(outputs.map(({ path }) => path)).toEqual([
      join(outDir, 'tape.mp4'),
      join(outDir, 'tape-thumb.jpg'),
    ]);
    await rm(join(folders.out, 'new'), { recursive: true });
    expect(await folders.left()).toEqual([]);
  });

  it('An outDir that is a file, or below one, fails with OUTPUT_NOT_WRITABLE', async () => {
    expect(await fault({ outDir: tape })).toBe('OUTPUT_NOT_WRITABLE');
    expect(await fault({ outDir: join(tape, 'below') })).toBe('OUTPUT_NOT_WRITABLE');
  });

  it('A tempDir that is missing, or a file, fails with TEMP_DIR_UNUSABLE', async () => {
    expect(await fault({ tempDir: join(folders.root, 'nowhere') })).toBe('TEMP_DIR_UNUSABLE');
    expect(await fault({ tempDir: tape })).toBe('TEMP_DIR_UNUSABLE');
  });
});
