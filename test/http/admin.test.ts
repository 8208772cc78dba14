import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../rig/until.ts';
import { BEARER, OLD_SECRET, SECRET, startTestService, type TestService } from './test-service.ts';

let testService: TestService;
beforeAll(async () => {
  testService = await startTestService();
});
afterAll(() => testService.close());

const get = async (path: string) => {
  const response = await testService.fetch(path, { headers: BEARER });
  return { status: response.status, text: await response.text() };
};
const json = async (path: string) => JSON.parse((await get(path)).text);

describe('GET /admin/jobs', () => {
  it('The jobs are listed page by page, newest first', async () => {
    const ids: string[] = [];
    for (const slug of ['a', 'b', 'c']) {
      const { jobId } = await testService.bake(testService.body(slug, { code: `x${slug}` }));
      await testService.ended(jobId);
      ids.unshift(jobId);
    }
    const first = await json('/admin/jobs?limit=2');
    expect(first.jobs.map(({ jobId }: { jobId: string }) => jobId)).toEqual(ids.slice(0, 2));
    const second = await json(`/admin/jobs?limit=2&cursor=${first.next}`);
    expect(second.jobs.map(({ jobId }: { jobId: string }) => jobId)).toEqual(ids.slice(2));
    expect(second).not.toHaveProperty('next');
    expect(second.jobs[0]).toMatchObject({
      slug: 'a',
      code: 'xa',
      mongoId: 'id-a',
      status: 'done',
      attempts: 1,
    });
    const since = new Date(first.jobs[0].timings.queuedAt).toISOString();
    for (const query of [`since=${since}`, `since=${Date.parse(since)}`, 'code=xc', 'slug=c'])
      expect((await json(`/admin/jobs?${query}`)).jobs.map(({ slug }: { slug: string }) => slug)).toEqual([
        'c',
      ]);
  });

  it.each([
    ['status=asleep', 'status'],
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=ten', 'limit'],
    ['since=yesterday', 'since'],
    ['cursor=1', 'cursor'],
    ['slug=', 'slug'],
    [`error=${'x'.repeat(65)}`, 'error'],
  ])('The parameter %s is refused by its name', async (query, field) => {
    const { status, text } = await get(`/admin/jobs?${query}`);
    expect([status, JSON.parse(text).error.fields.map((one: { field: string }) => one.field)]).toEqual([
      400,
      [field],
    ]);
  });
});

describe('GET /admin/jobs/:id', () => {
  it('A failed job shows the causes, the worker and the attempts of its callback, and no secret', async () => {
    const path = `/hook?token=${SECRET.length}`;
    testService.receive = () => 503;
    const url = String(testService.body('x').callbackUrl).replace(
      'in-the-query',
      encodeURIComponent(OLD_SECRET),
    );
    const { jobId } = await testService.bake(
      testService.body('none', { callbackUrl: url, metadata: { secret: OLD_SECRET, path } }),
    );
    await testService.ended(jobId);
    const shown = await until('the callback failed once', async () => {
      const job = await json(`/admin/jobs/${jobId}`);
      return job.callbackAttempts.length > 0 && job;
    });
    testService.receive = () => 200;
    expect(shown).toMatchObject({
      jobId,
      slug: 'none',
      status: 'failed',
      error: { code: 'SOURCE_NOT_FOUND' },
      attempts: 1,
      outputs: [{ kind: 'mp4' }, { kind: 'thumbnail' }],
      failure: {
        attempt: 1,
        stage: 'downloading',
        worker: expect.stringMatching(/^.+:\d+$/),
        release: 'dev',
        encoder: [],
      },
      callbackAttempts: [{ error: 'The receiver answered 503.' }],
    });
    expect(shown.failure.causes.map(({ code }: { code?: string }) => code)).toEqual([
      'SOURCE_NOT_FOUND',
      'ENOENT',
    ]);
    expect(JSON.stringify(shown)).not.toContain(OLD_SECRET);
    expect(shown.callbackUrl).not.toContain('?');
    const { text } = await get(`/status/${jobId}`);
    expect(text).not.toContain('ENOENT');
  });

  it('An id without a job is not found', async () => {
    for (const id of ['0f343b0931126a20f133d67c2b018a3b', 'x', '..%2f'])
      expect([id, (await get(`/admin/jobs/${id}`)).status]).toEqual([id, 404]);
  });
});
