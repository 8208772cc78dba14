import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isAlive, pidsIn, type Scratch, scratch, standIn } from '../bake/scratch.ts';
import { makeTape } from '../tapes/make.ts';
import { OVEN, pathWith, startOven } from './oven.ts';

let folders: Scratch;
let tape: string;

beforeAll(async () => {
  folders = await scratch();
  tape = join(folders.root, 'tape.zip');
  await makeTape(tape, { scene: 'sprites', width: 40, height: 30, seconds: 1 });
});
beforeEach(async () => {
  await folders.empty();
  await rm(join(folders.root, 'bin'), { recursive: true, force: true });
  await mkdir(join(folders.root, 'bin'));
});
afterAll(() => folders.remove());

/** Kinds of ffmpeg: one that works so slowly that it can't finish before the signal, and one that hangs. */
const ENCODERS = {
  'at work': `PATH=$(echo "$PATH" | cut -d: -f2-); exec ffmpeg -re "$@"`,
  hanging: 'exec sleep 600',
};

describe.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s', (signal) => {
  it.each(['at work', 'hanging'] as const)(
    `${signal} during a bake stops an encoder that is %s, and leaves nothing`,
    async (kind) => {
      await standIn(join(folders.root, 'bin'), 'ffmpeg', ENCODERS[kind], folders.pids);
      const running = startOven(folders, ['bake', tape], { env: { PATH: pathWith(folders) } });
      await expect.poll(() => pidsIn(folders.pids), { timeout: 20_000 }).toHaveLength(1);
      const [folder] = await readdir(folders.temp);
      expect(folder).toMatch(/^tape-tape-/);
      expect(pidsIn(folders.pids).map(isAlive)).toEqual([true]);
      running.kill(signal);
      const { exitCode, stdout, stderr } = await running;
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(stderr).toBe(`oven: ${tape}: The bake was stopped. [BAKE_ABORTED]`);
      expect(pidsIn(folders.pids).map(isAlive)).toEqual([false]);
      expect(await folders.left()).toEqual([]);
    },
  );

  it(`${signal} from a terminal, to oven and the encoder together, leaves nothing`, async () => {
    await standIn(join(folders.root, 'bin'), 'ffmpeg', ENCODERS.hanging, folders.pids);
    const running = startOven(folders, ['bake', tape], { env: { PATH: pathWith(folders) }, detached: true });
    await expect.poll(() => pidsIn(folders.pids), { timeout: 20_000 }).toHaveLength(1);
    process.kill(-running.pid!, signal);
    const { exitCode, stderr } = await running;
    expect(exitCode).toBe(1);
    expect(stderr).toBe(`oven: ${tape}: The bake was stopped. [BAKE_ABORTED]`);
    expect(pidsIn(folders.pids).map(isAlive)).toEqual([false]);
    expect(await folders.left()).toEqual([]);
  });
});

it('A bake that is killed by SIGKILL leaves a folder that the next bake removes', async () => {
  await standIn(join(folders.root, 'bin'), 'ffmpeg', ENCODERS['at work'], folders.pids);
  const killed = startOven(folders, ['bake', tape], { env: { PATH: pathWith(folders) } });
  await expect.poll(() => pidsIn(folders.pids), { timeout: 20_000 }).toHaveLength(1);
  killed.kill('SIGKILL');
  await killed;
  expect(await readdir(folders.temp)).toEqual([expect.stringMatching(/^tape-tape-/)]);
  const { exitCode } = await startOven(folders, ['bake', tape]);
  expect(exitCode).toBe(0);
  expect(await readdir(folders.temp)).toEqual([]);
  await expect.poll(() => pidsIn(folders.pids).map(isAlive), { timeout: 20_000 }).toEqual([false]);
});

const hasScript = execaSync('script', ['--version'], { reject: false }).stdout.includes('util-linux');

describe.skipIf(!hasScript)('oven bake on a terminal (needs `script` of util-linux)', () => {
  /** Runs the command on a terminal of its own, and gives its whole output. */
  const onTerminal = async (...args: readonly string[]) => {
    const env = { TEMP_DIR: folders.temp, TERM: 'xterm' };
    const command = [...OVEN, ...args].map((word) => `'${word}'`).join(' ');
    const options = { env, cwd: folders.out, reject: false, stdin: 'ignore' } as const;
    return execaSync('script', ['-qec', command, '/dev/null'], options);
  };

  it('oven bake draws a bar that fills, then prints the report', async () => {
    const { stdout, exitCode } = await onTerminal('bake', tape);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/[█░]{30} +\d+% +(open|unpack|mp4)/);
    expect(stdout.slice(stdout.lastIndexOf('░') + 1)).toContain('tape.mp4');
  });

  it('oven bake --json draws no bar', async () => {
    const { stdout } = await onTerminal('bake', '--json', tape);
    expect(stdout).not.toMatch(/[█░]/);
    expect(JSON.parse(stdout)).toMatchObject({ width: expect.any(Number) });
  });

  it('oven bake ends with the line of an error on a terminal', async () => {
    const { stdout, exitCode } = await onTerminal('bake', 'no.zip');
    expect(exitCode).toBe(1);
    expect(stdout.trimEnd().endsWith('[TAPE_NOT_FOUND]')).toBe(true);
  });
});
