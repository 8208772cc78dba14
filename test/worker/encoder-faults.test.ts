import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { bake } from '../../service/bake/bake.ts';
import { DEFAULT_LIMITS } from '../../service/bake/limits.ts';
import { failureCodeOf } from '../../service/errors.ts';
import { bakeBuiltInTapes } from '../../service/selfcheck/bake-built-in.ts';
import { findEncoderFaults } from '../../service/worker/encoder-faults.ts';
import { type Scratch, scratch, standIn } from '../bake/scratch.ts';
import { makeTape } from '../tapes/make.ts';

let folders: Scratch;
let tape: string;
beforeAll(async () => {
  folders = await scratch();
  tape = join(folders.root, 'tape.zip');
  await makeTape(tape, { scene: 'sprites', width: 40, height: 30, seconds: 0.2 });
});
beforeEach(() => folders.empty());
afterAll(() => folders.remove());

const { signal } = new AbortController();
const program = (script: string) => standIn(folders.root, 'encoder', script, folders.pids);

/** The codes of attempts of jobs in turn, with this encoder. */
async function codesOf(ffmpeg: string, jobs: readonly string[]): Promise<string[]> {
  const config = { tempDir: folders.temp, limits: DEFAULT_LIMITS, scale: 'auto' } as Parameters<
    typeof bakeBuiltInTapes
  >[0];
  const find = findEncoderFaults((signal) => bakeBuiltInTapes(config, { signal, ffmpeg }));
  const codes: string[] = [];
  for (const job of jobs) {
    const options = { outDir: folders.out, tempDir: folders.temp, name: 'tape', ffmpeg };
    const error = await bake(tape, { ...options, outputs: [{ kind: 'mp4', scale: 2 }] }).then(
      () => 'it did not fail',
      (error: unknown) => error,
    );
    codes.push(failureCodeOf(await find(job, error, signal)));
  }
  return codes;
}

// The tape is 80 × 60 pixels in its video, and no built-in tape is.
const FOR_ONE_TAPE = 'case "$*" in *scale=80:60*)';

it('An encoder that fails on every tape is the host’s fault, at once', async () => {
  const ffmpeg = await program('echo "no such codec" >&2; exit 1');
  expect(await codesOf(ffmpeg, ['a', 'b'])).toEqual(['FFMPEG_BROKEN', 'FFMPEG_BROKEN']);
});

it('An encoder that fails on one tape twice in the same way is the tape’s fault', async () => {
  const ffmpeg = await program(
    `${FOR_ONE_TAPE} echo "[libx264 @ 0x$$] broken" >&2; exit 1;; esac; exec ffmpeg "$@"`,
  );
  expect(await codesOf(ffmpeg, ['a', 'b', 'a'])).toEqual([
    'FFMPEG_FAILED',
    'FFMPEG_FAILED',
    'TAPE_NOT_ENCODABLE',
  ]);
});

it('An encoder that fails on one tape in another way each time is not the tape’s fault', async () => {
  const ffmpeg = await program(
    `${FOR_ONE_TAPE} wc -l < '${folders.pids}' >&2; exit 1;; esac; exec ffmpeg "$@"`,
  );
  expect(await codesOf(ffmpeg, ['a', 'a', 'a'])).toEqual(['FFMPEG_FAILED', 'FFMPEG_FAILED', 'FFMPEG_FAILED']);
});

it.each([
  ['SIGKILL', 'kill -KILL $$'],
  ['SIGTERM, after which ffmpeg exits with 255', 'exit 255'],
])('An encoder that is ended by %s is not the tape’s fault, however often', async (_, script) => {
  const ffmpeg = await program(`${FOR_ONE_TAPE} ${script};; esac; exec ffmpeg "$@"`);
  expect(await codesOf(ffmpeg, ['a', 'a', 'a'])).toEqual(['FFMPEG_FAILED', 'FFMPEG_FAILED', 'FFMPEG_FAILED']);
});
