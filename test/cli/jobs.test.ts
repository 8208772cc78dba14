import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Scratch, scratch } from '../bake/scratch.ts';
import { SECRET, startTestService, type TestService } from '../http/test-service.ts';
import { until } from '../rig/until.ts';
import { startOven } from './oven.ts';

let testService: TestService;
let folders: Scratch;
const ids: Record<string, string> = {};
beforeAll(async () => {
  testService = await startTestService();
  folders = await scratch();
  for (const slug of ['a', 'none', 'gone']) {
    ids[slug] = (await testService.bake(testService.body(slug, { code: `x${slug}` }))).jobId;
    await testService.ended(ids[slug]);
  }
});
afterAll(async () => {
  await testService.close();
  await folders.remove();
});

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  startOven(folders, args, { env: { OVEN_URL: testService.url, CALLBACK_SECRET: `${SECRET},x`, ...env } });
const ok = async (args: string[], env: NodeJS.ProcessEnv = {}) => {
  const { exitCode, stdout, stderr } = await run(args, env);
  expect({ args, exitCode, stderr }).toMatchObject({ args, exitCode: 0 });
  return stdout;
};

it('oven jobs is a table as wide as the terminal, and --json has all', async () => {
  const narrow = await ok(['jobs'], { COLUMNS: '80' });
  expect(narrow.split('\n').map((line) => line.split(/\s+/)[0])).toEqual(['SLUG', 'gone', 'none', 'a']);
  for (const line of narrow.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  expect(narrow).toMatch(/none +xnone +failed .*SOURCE_NOT_FOUND/);
  expect(await ok(['jobs', '--error', 'SOURCE_NOT_FOUND', '--since', '1h'])).toContain(ids.none);
  expect(JSON.parse(await ok(['jobs', '--json', '--slug', 'a']))).toMatchObject([
    { jobId: ids.a, status: 'done' },
  ]);
  expect(await ok(['jobs', '--code', 'nobody'])).toBe('No jobs.');
  expect(JSON.parse(await ok(['jobs', '--json', '--limit', '1']))).toHaveLength(1);
});

it('oven show shows the causes of a failure, by the id of the job or the slug of its tape', async () => {
  const text = await ok(['show', ids.none!], { COLUMNS: '80' });
  expect(text).toMatch(/^none \(xnone\): failed\n.*\[SOURCE_NOT_FOUND\]/);
  expect(text).toMatch(/causes (.|\n)*ENOENT/);
  for (const line of text.split('\n'))
    expect(line.length).toBeLessThanOrEqual(Math.max(80, line.trim().split(' ').at(-1)!.length + 10));
  expect(await ok(['show', 'none'])).toContain(ids.none);
  expect(JSON.parse(await ok(['show', 'a', '--json']))).toMatchObject({
    jobId: ids.a,
    callbackAttempts: expect.any(Array),
  });
});

it('oven --version names version and release', async () => {
  expect(await ok(['--version'])).toMatch(/^oven \d+\.\d+\.\d+, release dev$/);
});

it('oven retry --all tries every job again that matches, and oven cancel --all stops none that has ended', async () => {
  expect(await ok(['retry', '--all', '--error', 'SOURCE_NOT_FOUND', '--slug', 'none', '--yes'])).toBe(
    '1 job in the queue again',
  );
  await testService.ended(ids.none!);
  const answer = JSON.parse(await ok(['retry', '--all', '--yes', '--json']));
  expect(answer).toEqual({ jobs: 2, changed: 2, refused: [] });
  for (const slug of ['none', 'gone']) await testService.ended(ids[slug]!);
  expect(await ok(['cancel', '--all', '--yes'])).toBe('0 jobs told to stop');
  const before = testService.calls.length;
  expect(await ok(['replay', '--all', '--code', 'xa', '--yes'])).toBe('1 job has its callback sent again');
  await until('the callback', () => testService.calls.length > before);
});

it('oven rebake bakes the tapes of a list again once, reports what failed, and goes on where it was', async () => {
  const list = join(folders.out, 'list.jsonl');
  const { callbackSecret, ...a } = testService.body('a');
  await writeFile(
    list,
    `${JSON.stringify(a)}\n${JSON.stringify({ ...a, slug: 'b', zipUrl: `file:///etc/b.zip` })}\n`,
  );
  expect(await ok(['rebake', '--list', list, '--dry-run'])).toMatch(
    /Would bake 2 tapes again, without publishing them\.$/,
  );
  expect(await readdir(folders.out)).toEqual(['list.jsonl']);
  const first = await run(['rebake', '--list', list, '--yes']);
  expect([first.exitCode, first.stderr]).toEqual([1, '']);
  expect(first.stdout).toMatch(/^1 tape baked again; 1 not:\n[^\n]*\nb +ORIGIN_NOT_ALLOWED: .*zipUrl/);
  expect(JSON.stringify(await readFile(`${list}.progress`, 'utf8'))).not.toContain(callbackSecret);
  const jobs = async () =>
    JSON.parse(await ok(['jobs', '--slug', 'a', '--json'])) as { jobId: string; priority: number }[];
  expect((await jobs()).map(({ jobId, priority }) => [jobId, priority])).toEqual([
    [`${ids.a}-2`, 1000],
    [ids.a, 0],
  ]);
  const call = await until('the callback', () =>
    testService.calls.find(({ body }) => body.includes('"publish":false')),
  );
  expect(JSON.parse(call.body)).toMatchObject({ slug: 'a', publish: false });
  // A command that was killed before it wrote down the end, in the middle of a line.
  const text = await readFile(`${list}.progress`, 'utf8');
  await writeFile(`${list}.progress`, `${text.split('\n', 1)[0]}\n`);
  await appendFile(`${list}.progress`, '{"key":"hal');
  expect((await run(['rebake', '--list', list, '--yes'])).stdout).toBe(first.stdout);
  expect(await jobs()).toHaveLength(2);
  const other = await run(['rebake', '--list', list, '--yes', '--publish']);
  expect([other.exitCode, other.stderr]).toEqual([2, expect.stringContaining('began without --publish')]);
});

it('oven rebake bakes the jobs that match again, from a list that it writes', async () => {
  const { stdout, exitCode } = await run(['rebake', '--slug', 'gone', '--yes']);
  expect([exitCode, stdout]).toEqual([
    1,
    expect.stringMatching(/^0 tapes baked again; 1 not:\n.*\ngone +SOURCE_NOT_FOUND/),
  ]);
  expect((await readdir(folders.out)).filter((name) => /^oven-rebake-.*jsonl$/.test(name))).toHaveLength(1);
  expect(JSON.parse(await ok(['jobs', '--slug', 'gone', '--json']))).toHaveLength(2);
});

it.each<[string[], NodeJS.ProcessEnv, RegExp]>([
  [['retry', '--all'], {}, /no terminal to ask on/],
  [['retry'], {}, /wants a JOB, or --all/],
  [['retry', 'a', '--all'], {}, /wants a JOB, or --all/],
  [['retry', 'a', '--status', 'failed'], {}, /wants a JOB, or --all/],
  [['retry', '--all', '--status', 'done', '--yes'], {}, /retry is for jobs that are failed/],
  [['jobs', '--status', 'asleep'], {}, /queued, active, done, failed/],
  [['jobs', '--limit', '0'], {}, /whole number/],
  [['jobs'], { CALLBACK_SECRET: '' }, /CALLBACK_SECRET is not set/],
  [['rebake'], {}, /wants --list FILE, or filters/],
  [['rebake', '--list', 'x', '--slug', 'a'], {}, /wants --list FILE, or filters/],
])('oven %j with %j is refused as a wrong command line', async (args, env, says) => {
  const { exitCode, stdout, stderr } = await run(args, env);
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(says);
});

it('oven show and rebake name what is not there', async () => {
  for (const args of [
    ['show', 'nobody'],
    ['show', '0f343b0931126a20f133d67c2b018a3b'],
    ['rebake', '--list', 'no-such-file'],
  ]) {
    const { exitCode, stderr } = await run(args);
    expect([args, exitCode, stderr]).toEqual([
      args,
      1,
      expect.stringMatching(/JOB_NOT_FOUND|can not be read: ENOENT/),
    ]);
  }
});
