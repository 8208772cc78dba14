import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Scratch, scratch } from '../bake/scratch.ts';
import { OLD_SECRET, SECRET, startTestService, type TestService } from '../http/test-service.ts';
import { until } from '../rig/until.ts';
import { startOven } from './oven.ts';

let testService: TestService;
let folders: Scratch;
beforeAll(async () => {
  testService = await startTestService();
  folders = await scratch();
});
afterAll(async () => {
  await testService.close();
  await folders.remove();
});

const ID = '0f343b0931126a20f133d67c2b018a3b';
const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  startOven(folders, args, { env: { OVEN_URL: testService.url, CALLBACK_SECRET: `${SECRET},x`, ...env } });
const ok = async (...args: string[]) => {
  const { exitCode, stdout, stderr } = await run(args);
  expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' });
  return stdout;
};

describe('oven status, cancel, retry and replay', () => {
  it('A job can be shown, cancelled and retried, and its callback sent again', async () => {
    const { jobId } = await testService.bake(testService.stalled('s1'));
    expect(await ok('status', jobId)).toMatch(/^s1: (queued|downloading)/);
    expect(await ok('cancel', jobId)).toContain('was told to stop');
    await testService.ended(jobId);
    expect(await ok('status', jobId)).toMatch(/s1: failed\n.*\[CANCELLED\]/);
    expect(await ok('retry', jobId)).toContain('is in the queue again');
    await ok('cancel', jobId);
    await testService.ended(jobId);
    expect(JSON.parse(await ok('replay', jobId, '--json'))).toMatchObject({ jobId, status: 'failed' });
  });

  it('oven status shows a finished job with its files', async () => {
    const { jobId } = await testService.bake(testService.body('a'));
    await testService.ended(jobId);
    await until('the callback is delivered', async () =>
      (await ok('status', jobId)).includes('callback: delivered, 1 attempt'),
    );
    const text = await ok('status', jobId);
    expect(text).toMatch(/^a: done\nmp4: http.*\/files\/tapes\/a\.mp4\nthumbnail: http/);
    expect(text).toMatch(/baked in \d+\.\d s/);
    expect(JSON.parse(await ok('status', jobId, '--json'))).toMatchObject({ jobId, status: 'done' });
  });
});

it('oven purge removes the files and jobs of a tape', async () => {
  const { jobId } = await testService.bake(testService.body('b'));
  await testService.ended(jobId);
  expect(await ok('purge', 'b')).toBe('b: removed 1 job and 2 files\n  tapes/b.mp4\n  tapes/b-thumb.jpg');
  expect(JSON.parse(await ok('purge', 'b', '--json'))).toEqual({ slug: 'b', jobs: [], files: [] });
});

describe('oven status and drain of the service', () => {
  it('oven status shows the state of the service, with exit code 1 for a bad one', async () => {
    expect(await ok('status')).toMatch(/^service: healthy, release dev, up for \d+ s\nwork: healthy$/);
    expect(JSON.parse(await ok('status', '--json'))).toMatchObject({
      status: 'healthy',
      work: { status: 'healthy' },
    });
    await ok('drain', '--no-wait');
    const { exitCode, stdout } = await run(['status']);
    expect([exitCode, stdout.split('\n')[0]]).toEqual([1, expect.stringMatching(/^service: draining/)]);
    expect(await ok('drain', '--off')).toBe('taking tapes: nothing to do');
    await ok('drain', '--all', '--no-wait');
    expect((await run(['status'])).exitCode).toBe(1);
    expect(await ok('drain', '--off')).toBe('taking tapes: nothing to do');
  });

  it('oven drain waits until the service has nothing to do', async () => {
    const { jobId } = await testService.bake(testService.stalled('s2'));
    const late = await run(['drain', '--timeout', '0']);
    expect(late.exitCode).toBe(1);
    expect(late.stderr).toMatch(
      /oven: the service still has something to do after 0 s: draining: bakes [^\n]*$/,
    );
    const draining = run(['drain']);
    await testService.fetch(`/jobs/${jobId}/cancel`, {
      method: 'POST',
      headers: { authorization: `Bearer ${OLD_SECRET}` },
    });
    const { exitCode, stdout } = await draining;
    expect([exitCode, stdout]).toEqual([0, 'draining: nothing to do']);
    await ok('drain', '--off');
  });
});

describe('errors', () => {
  it.each<[string[], NodeJS.ProcessEnv, number, RegExp]>([
    [['status', ID], {}, 1, /no such job.* \[JOB_NOT_FOUND\]/],
    [['status', '../health'], {}, 1, /\[JOB_NOT_FOUND\]/],
    [['retry', ID], {}, 1, /\[JOB_NOT_FOUND\]/],
    [['retry', ID], { CALLBACK_SECRET: 'wrong' }, 1, /\[UNAUTHORIZED\]/],
    [['purge', '.a'], {}, 1, /\[INVALID_REQUEST\]/],
    [['cancel', ID], { CALLBACK_SECRET: '' }, 2, /CALLBACK_SECRET is not set/],
    [['status'], { OVEN_URL: 'oven.test' }, 2, /OVEN_URL must be a URL/],
    [['status'], { OVEN_URL: 'http://127.0.0.1:9' }, 1, /can not be reached/],
    [['retry'], {}, 2, /JOB/],
    [['retry', 'a', 'b'], {}, 2, /argument/],
    [['drain', '--timeout', 'soon'], {}, 2, /number of seconds/],
    [['purge', 'a', '--force'], {}, 2, /--force/],
    [['bake', 'a.zip'], { OUTPUT_SCALE: '3', MAX_FRAMES: 'x' }, 2, /MAX_FRAMES .*; OUTPUT_SCALE /],
  ])('oven %j with %j ends with exit code %d and one line', async (args, env, code, says) => {
    const { exitCode, stdout, stderr } = await run(args, env);
    expect([exitCode, stdout]).toEqual([code, '']);
    expect(stderr).toMatch(/^oven: [^\n]+$/);
    expect(stderr).toMatch(says);
    expect(stderr).not.toContain(SECRET);
  });

  it('oven status fails with one line where OVEN_URL is another service', async () => {
    const { exitCode, stderr } = await run(['status'], { OVEN_URL: `${testService.url}/docs` });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^oven: [^\n]+$/);
  });
});

describe('oven COMMAND --help', () => {
  it.each(['status', 'retry', 'cancel', 'replay', 'purge', 'drain'])(
    'The help of oven %s names its variables, options and exit status, with examples',
    async (name) => {
      const text = await ok(name, '--help');
      for (const word of [
        'OVEN_URL',
        'CALLBACK_SECRET',
        '--json',
        'Exit status',
        'Examples',
        `oven ${name}`,
      ]) {
        expect(text).toContain(word);
      }
    },
  );

  it('oven --help names every command', async () => {
    const text = await ok('--help');
    for (const name of ['bake', 'status', 'retry', 'cancel', 'replay', 'purge', 'drain'])
      expect(text).toContain(name);
  });
});
