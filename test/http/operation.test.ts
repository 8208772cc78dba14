import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../rig/until.ts';
import { BEARER, OLD_SECRET, SECRET, startTestService, type TestService } from './test-service.ts';

let testService: TestService;
beforeAll(async () => {
  testService = await startTestService();
});
afterAll(() => testService.close());

const ID = '0f343b0931126a20f133d67c2b018a3b';
const ROUTES = [
  ['POST', `/jobs/${ID}/retry`],
  ['POST', `/jobs/${ID}/cancel`],
  ['POST', `/jobs/${ID}/rebake`],
  ['POST', `/jobs/${ID}/replay-callback`],
  ['GET', '/admin/jobs'],
  ['GET', `/admin/jobs/${ID}`],
  ['GET', '/admin/hosts'],
  ['DELETE', '/tapes/a'],
  ['DELETE', '/tapes/.not-a-slug'],
  ['POST', '/drain'],
  ['DELETE', '/drain'],
] as const;
const secretInHeader = (secret: string) => `Bearer ${Buffer.from(secret, 'utf8').toString('latin1')}`;
const change = (path: string, method = 'POST') => testService.fetch(path, { method, headers: BEARER });
const codeOf = async (response: Response) =>
  ((await response.json()) as { error?: { code: string } }).error?.code;

describe.each(ROUTES)('%s %s', (method, path) => {
  it.each<[string, Record<string, string>]>([
    ['no header', {}],
    ['an empty header', { authorization: '' }],
    ['a scheme alone', { authorization: 'Bearer' }],
    ['an empty secret', { authorization: 'Bearer ' }],
    ['a wrong secret', { authorization: 'Bearer wrong' }],
    ['both secrets', { authorization: `Bearer ${SECRET.replace('ä', 'a')},${OLD_SECRET}` }],
    ['a part of a secret', { authorization: `Bearer ${OLD_SECRET.slice(0, -1)}` }],
    ['more than a secret', { authorization: `Bearer ${OLD_SECRET}x` }],
    ['another case', { authorization: `Bearer ${OLD_SECRET.toUpperCase()}` }],
    ['another scheme', { authorization: `Basic ${Buffer.from(`x:${OLD_SECRET}`).toString('base64')}` }],
    ['the secret without a scheme', { authorization: OLD_SECRET }],
    ['another header', { 'x-authorization': `Bearer ${OLD_SECRET}` }],
    ['the name of an object', { authorization: 'Bearer __proto__' }],
  ])(`${method} ${path} is refused with %s`, async (_what, headers) => {
    const response = await testService.fetch(path, { method, headers });
    expect([response.status, await codeOf(response)]).toEqual([401, 'UNAUTHORIZED']);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  it.each([SECRET, OLD_SECRET])(`${method} ${path} is accepted with each secret`, async (secret) => {
    const response = await testService.fetch(path, {
      method,
      headers: { authorization: secretInHeader(secret) },
    });
    expect(response.status).not.toBe(401);
    await testService.fetch('/drain', { method: 'DELETE', headers: BEARER });
  });
});

describe('Changes of a job', () => {
  it('A job can be cancelled while it runs, and retried only after it has failed', async () => {
    const { jobId } = await testService.bake(testService.stalled('s1'));
    expect(await codeOf(await change(`/jobs/${jobId}/retry`))).toBe('JOB_UNFINISHED');
    expect(await codeOf(await change(`/jobs/${jobId}/replay-callback`))).toBe('JOB_UNFINISHED');
    const cancelled = await change(`/jobs/${jobId}/cancel`);
    expect(cancelled.status).toBe(200);
    expect(await cancelled.json()).toMatchObject({ jobId, status: 'failed' });
    await until('the callback', () => testService.calls.find(({ body }) => body.includes('CANCELLED')));
    expect(await testService.ended(jobId)).toMatchObject({ error: { code: 'CANCELLED' } });
    expect(await codeOf(await change(`/jobs/${jobId}/cancel`))).toBe('JOB_FINISHED');
    expect((await change(`/jobs/${jobId}/retry`)).status).toBe(202);
    expect(await codeOf(await change(`/jobs/${jobId}/retry`))).toBe('JOB_UNFINISHED');
    await change(`/jobs/${jobId}/cancel`);
  });

  it('A job that is done can have its callback sent again, and can not be retried', async () => {
    const { jobId } = await testService.bake(testService.body('b'));
    await testService.ended(jobId);
    const mine = () => testService.calls.filter(({ body }) => body.includes('id-b"'));
    await until('the callback', () => mine().length === 1);
    expect(await codeOf(await change(`/jobs/${jobId}/retry`))).toBe('JOB_FINISHED');
    const replayed = await change(`/jobs/${jobId}/replay-callback`);
    expect(replayed.status).toBe(202);
    expect(await replayed.json()).toMatchObject({ jobId, status: 'done' });
    await until('it is sent again', () => mine().length === 2);
    expect(mine()[1]?.headers['webhook-id']).toBe(mine()[0]?.headers['webhook-id']);
  });
});

describe('DELETE /tapes/:slug', () => {
  it('A purge removes the files, history and jobs of a tape', async () => {
    const { jobId } = await testService.bake(testService.body('c'));
    await testService.ended(jobId);
    const running = await testService.bake(testService.stalled('c', { mongoId: 'id-c' }));
    const response = await change('/tapes/c', 'DELETE');
    expect(response.status).toBe(200);
    const body = (await response.json()) as { jobs: string[]; files: string[] };
    expect(body).toMatchObject({ slug: 'c', files: ['tapes/c.mp4', 'tapes/c-thumb.jpg'] });
    expect([...body.jobs].sort()).toEqual([jobId, running.jobId].sort());
    for (const id of [jobId, running.jobId])
      expect((await testService.fetch(`/status/${id}`)).status).toBe(404);
    const files = await readdir(join(testService.root, 'blobs', 'tapes'));
    expect(files.filter((name) => /^\.?c[-.]/.test(name))).toEqual([]);
    expect((await testService.fetch('/files/tapes/c.mp4')).status).toBe(404);
    await until('no working files are left', async () => {
      const names = await readdir(join(testService.root, 'temp'));
      return !names.some((name) => name.startsWith('tape-c-'));
    });
    // A second purge removes nothing and is no error.
    expect(await (await change('/tapes/c', 'DELETE')).json()).toEqual({ slug: 'c', jobs: [], files: [] });
  });

  it('A purge refuses a name that is no slug', async () => {
    for (const slug of ['.a', 'a%2fb', '..%2f..', 'a'.repeat(65)]) {
      const response = await change(`/tapes/${slug}`, 'DELETE');
      expect([slug, response.status]).toEqual([slug, 400]);
    }
  });
});

describe('POST /drain', () => {
  it('A drain counts the remaining jobs until none is left', async () => {
    const { jobId } = await testService.bake(testService.stalled('s2'));
    expect(await (await change('/drain')).json()).toMatchObject({ draining: true, idle: false });
    expect(await codeOf(await change(`/jobs/${jobId}/retry`))).toBe('DRAINING');
    await change(`/jobs/${jobId}/cancel`);
    await until(
      'nothing is left',
      async () => ((await (await change('/drain')).json()) as { idle: boolean }).idle,
    );
    expect(await (await change('/drain', 'DELETE')).json()).toMatchObject({ draining: false, idle: true });
  });
});
