import { Redis } from 'ioredis';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { readFailure, toFailure, toJobError } from '../../service/queue/failure.ts';
import { catchUp, indexJobs, lookAt } from '../../service/queue/job-index.ts';
import { type JobFilter, type ListedJob, listJobs, type Position } from '../../service/queue/list.ts';
import type { Queue } from '../../service/queue/queue.ts';
import { closeStore, openStore, type Store } from '../../service/queue/store.ts';
import { until } from '../rig/until.ts';
import { fault, openQueueFixture, RESULT, requestFor, untilAborted, useRedis } from './fixture.ts';

const { redis } = useRedis();

const storeOf = (prefix: string): Store => {
  const store = openStore({ url: redis().url }, prefix, () => {});
  onTestFinished(() => closeStore(store));
  return store;
};

/** All pages of a list. */
async function all(queue: Pick<Queue, 'list'>, filter: JobFilter = {}, limit = 3): Promise<ListedJob[]> {
  const found: ListedJob[] = [];
  for (let after: Position | undefined; ; ) {
    const { jobs, next } = await queue.list(filter, { limit, after });
    expect(jobs.length).toBeLessThanOrEqual(limit);
    found.push(...jobs);
    if (next === undefined) return found;
    after = next;
  }
}
const slugs = async (...args: Parameters<typeof all>) => (await all(...args)).map(({ slug }) => slug);

describe('filters', () => {
  it('A list has the jobs that match every filter, newest first', async () => {
    const { queue, work, is } = openQueueFixture(redis());
    await work({
      concurrency: 1,
      bake: async ({ slug }, { signal }) => {
        if (slug === 'runs') return untilAborted(signal);
        if (slug.startsWith('bad')) throw fault('NOT_A_ZIP');
        if (slug === 'taken') throw fault('SLUG_TAKEN');
        return RESULT;
      },
    });
    const ids: Record<string, string> = {};
    for (const slug of ['one', 'bad1', 'two', 'taken', 'bad2', 'three']) {
      ids[slug] = (await queue.submit(requestFor(slug, { code: `c${slug}` }))).jobId;
      await is(ids[slug], /bad|taken/.test(slug) ? 'failed' : 'done');
    }
    await is((await queue.submit(requestFor('runs'))).jobId, 'downloading');
    await queue.submit(requestFor('waits', { code: 'cwaits' }));
    const again = await queue.submit(requestFor('one', { code: 'cone' }), { rebake: true, priority: 9 });
    const { queuedAt } = (await queue.status(ids.taken!))!.timings;
    const expected: [JobFilter, string[]][] = [
      [{}, ['one', 'waits', 'runs', 'three', 'bad2', 'taken', 'two', 'bad1', 'one']],
      [{ status: 'queued' }, ['one', 'waits']],
      [{ status: 'active' }, ['runs']],
      [{ status: 'done' }, ['three', 'two', 'one']],
      [{ status: 'failed' }, ['bad2', 'taken', 'bad1']],
      [{ error: 'NOT_A_ZIP' }, ['bad2', 'bad1']],
      [{ error: 'NOT_A_ZIP', status: 'done' }, []],
      [{ error: 'NO_SUCH_CODE' }, []],
      [{ slug: 'one' }, ['one', 'one']],
      [{ slug: 'one', status: 'done' }, ['one']],
      [{ slug: 'nobody' }, []],
      [{ code: 'cone' }, ['one', 'one']],
      [{ code: 'cbad1', error: 'NOT_A_ZIP' }, ['bad1']],
      [{ code: 'cbad1', error: 'SLUG_TAKEN' }, []],
      [{ code: 'cwaits', slug: 'waits', status: 'queued' }, ['waits']],
      [{ since: queuedAt }, ['one', 'waits', 'runs', 'three', 'bad2', 'taken']],
      [{ since: queuedAt, status: 'failed' }, ['bad2', 'taken']],
    ];
    for (const [filter, names] of expected) {
      expect([filter, await slugs(queue, filter)]).toEqual([filter, names]);
      expect([filter, await slugs(queue, filter, 1)]).toEqual([filter, names]);
    }
    expect((await all(queue, { slug: 'one' }))[0]).toMatchObject({
      jobId: again.jobId,
      mongoId: 'id-of-one',
      code: 'cone',
      priority: 9,
      attempts: 0,
    });
  });

  it('A list follows a job that is retried, cancelled and purged', async () => {
    const { queue, work, is } = openQueueFixture(redis());
    let isBad = true;
    await work({
      bake: async () => {
        if (isBad) throw fault('NOT_A_ZIP');
        return RESULT;
      },
    });
    const { jobId } = await queue.submit(requestFor('a', { code: 'abc' }));
    await is(jobId, 'failed');
    await until('it is listed', async () => (await slugs(queue, { error: 'NOT_A_ZIP' })).length === 1);
    isBad = false;
    await queue.retry(jobId);
    await is(jobId, 'done');
    await until('it is listed', async () => (await slugs(queue, { status: 'done' })).length === 1);
    expect(await slugs(queue, { error: 'NOT_A_ZIP' })).toEqual([]);
    expect(await slugs(queue, { status: 'failed' })).toEqual([]);
    await queue.purge('a');
    for (const filter of [{}, { code: 'abc' }, { slug: 'a' }, { status: 'done' }] as const)
      expect(await slugs(queue, filter)).toEqual([]);
  });

  it('A page goes on where the one before ended although jobs come, go and share a moment', async () => {
    const { queue, prefix } = openQueueFixture(redis(), { maxQueued: 1000 });
    const submit = (n: number) => queue.submit(requestFor(`t${n}`));
    const jobs = await Promise.all(Array.from({ length: 250 }, (_, n) => submit(n)));
    const store = storeOf(prefix);
    for (const { jobId } of jobs) await store.redis.hset(store.bakes.toKey(jobId), 'timestamp', 1000);
    await catchUp(store, new AbortController().signal);
    const sorted = jobs
      .map(({ jobId }) => jobId)
      .sort()
      .reverse();
    const first = await queue.list({}, { limit: 100 });
    expect(first.jobs.map(({ jobId }) => jobId)).toEqual(sorted.slice(0, 100));
    await submit(1000); // newer
    await queue.purge(first.jobs[99]!.slug); // the cursor's own job
    const rest = await queue.list({}, { limit: 100, after: first.next });
    expect(rest.jobs.map(({ jobId }) => jobId)).toEqual(sorted.slice(100, 200));
    const end = await queue.list({}, { limit: 100, after: rest.next });
    expect(end.jobs.map(({ jobId }) => jobId)).toEqual(sorted.slice(200));
    expect(end.next).toBeUndefined();
  });
});

it('The index reads the code of a failure as the queue does', async () => {
  const { prefix } = openQueueFixture(redis());
  const store = storeOf(prefix);
  const reasons = [
    toJobError(toFailure(fault('DISK_FULL'))).message,
    toJobError(toFailure(new Error('a bug'))).message,
    'job stalled more than allowable limit',
    '',
    '{"code":7}',
    '"text"',
    '[]',
  ];
  for (const [n, failedReason] of reasons.entries()) {
    await store.redis.hset(store.bakes.toKey(`j${n}`), { timestamp: n + 1, failedReason });
    await store.redis.zadd(store.bakes.toKey('failed'), 1, `j${n}`);
  }
  const found = await lookAt(
    store,
    [...reasons.keys()].map((n) => `j${n}`),
  );
  expect(found.map((entry) => entry?.error)).toEqual(reasons.map((reason) => readFailure(reason).code));
});

it('Jobs that left the history leave the index while other jobs end', async () => {
  const { queue, work, calls, prefix } = openQueueFixture(redis());
  await work();
  const jobs = await Promise.all(
    Array.from({ length: 30 }, (_, n) => queue.submit(requestFor(`t${n}`, { code: `c${n}` }))),
  );
  await calls(30);
  const store = storeOf(prefix);
  const indexed = async () => (await store.redis.keys(`${prefix}:jobs*`)).length;
  await until('all are indexed', async () => (await store.redis.zcard(`${prefix}:jobs:done`)) === 30);
  const parts = await indexed();
  for (const { jobId } of jobs) await store.bakes.remove(jobId);
  for (let n = 0; n < 6; n += 1) await queue.submit(requestFor(`u${n}`));
  await calls(36);
  await until('they have left', async () => (await store.redis.zcard(`${prefix}:jobs`)) === 6);
  expect(parts - (await indexed())).toBe(31); // a part for each code, and the table of codes
});

it('Jobs that a killed process left under their old state are found after the next start', async () => {
  const { queue, work, is, prefix } = openQueueFixture(redis());
  const first = await work();
  const { jobId } = await queue.submit(requestFor('a'));
  await is(jobId, 'done');
  await first.close();
  const store = storeOf(prefix);
  await store.redis.zrem(`${prefix}:jobs:done`, jobId);
  await store.redis.zadd(`${prefix}:jobs:open`, 1, jobId);
  expect(await slugs(queue, { status: 'done' })).toEqual([]);
  await work();
  await until('it is listed', async () => (await slugs(queue, { status: 'done' })).length === 1);
  expect(await store.redis.zcard(`${prefix}:jobs:open`)).toBe(0);
});

describe('A history of 100,000 jobs', () => {
  const JOBS = 100_000;
  const prefix = 'long-history';
  let store: Store;
  let watcher: Redis;
  beforeAll(async () => {
    watcher = new Redis(redis().socket);
    store = openStore({ url: redis().url }, prefix, () => {});
    await watcher.config('SET', 'appendonly', 'no'); // nothing here is read from the disk, and so many writes take long
    for (let first = 0; first < JOBS; first += 10_000) await watcher.eval(SEED, 0, prefix, first, 10_000);
    await catchUp(store, new AbortController().signal);
    return async () => {
      watcher.disconnect();
      await closeStore(store);
    };
  }, 240_000);

  // Every 100th job failed, and the three oldest of all with an error of their own. Every 50th has a code. The index has all but the
  // oldest 5,000, as if an older release had made those.
  const SEED = `
    local prefix, first, count = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
    local jobs = prefix .. ':jobs'
    for n = first, first + count - 1 do
      local id, at = string.format('%032x', n), 1000 + n
      local failed = n % 100 == 0 or n < 3
      local error = n < 3 and 'SLUG_TAKEN' or 'NOT_A_ZIP'
      local code = n % 50 == 5 and '"code":"c' .. n .. '",' or ''
      local data = '{"callbackId":"' .. id .. '-c","request":{"mongoId":"m","slug":"s' .. n .. '",' .. code .. '"zipUrl":"https://art.test/a.zip"}}'
      local reason = '{"code":"' .. error .. '","message":"m","retryable":false}'
      redis.call('HSET', prefix .. ':bakes:' .. id, 'name', 'bake', 'data', data, 'opts', '{}', 'timestamp', at, 'finishedOn', 1000 + at,
        failed and 'failedReason' or 'returnvalue', failed and reason or '{}')
      redis.call('ZADD', prefix .. ':bakes:' .. (failed and 'failed' or 'completed'), 1000 + at, id)
      if n == 77 then redis.call('SADD', prefix .. ':slug:s77', id .. ' ' .. id .. '-c') end
      if n >= 5000 then
        redis.call('ZADD', jobs, at, id)
        redis.call('ZADD', jobs .. (failed and ':failed' or ':done'), at, id)
        if failed then redis.call('ZADD', jobs .. ':error:' .. error, at, id) end
      end
    end`;

  /** The commands that Redis ran, those inside scripts too. */
  const commands = async () => {
    const stats = (await watcher.info('commandstats')).matchAll(/calls=(\d+)/g);
    return [...stats].reduce((sum, [, calls]) => sum + Number(calls), 0);
  };

  it.each<[JobFilter, number, string | undefined]>([
    [{}, 20, 's99999'],
    [{ status: 'done' }, 20, 's99999'],
    [{ status: 'failed' }, 20, 's99900'],
    [{ status: 'queued' }, 0, undefined],
    [{ status: 'active' }, 0, undefined],
    [{ error: 'NOT_A_ZIP' }, 20, 's99900'],
    [{ error: 'SLUG_TAKEN' }, 3, 's2'],
    [{ error: 'SLUG_TAKEN', status: 'failed' }, 3, 's2'],
    [{ error: 'SLUG_TAKEN', status: 'done' }, 0, undefined],
    [{ slug: 's77' }, 1, 's77'],
    [{ code: 'c55' }, 1, 's55'],
    [{ code: 'c55', status: 'failed' }, 0, undefined],
    [{ since: 1000 + JOBS - 5 }, 5, 's99999'],
    [{ since: 1000 + JOBS - 500, status: 'failed' }, 5, 's99900'],
  ])('A page with %j has %i jobs, and reads no others', async (filter, count, first) => {
    await listJobs(store, filter, { limit: 20 }); // corrects the index if there is anything to correct
    const before = await commands();
    const { jobs, next } = await listJobs(store, filter, { limit: 20 });
    const used = (await commands()) - before;
    expect([jobs.length, jobs[0]?.slug, next !== undefined]).toEqual([count, first, count === 20]);
    expect(used).toBeLessThan(1000);
  });

  it('The index of the oldest jobs is made at the start, and has the form of the others', async () => {
    const sizes = async () =>
      Promise.all(
        ['', ':done', ':failed', ':error:NOT_A_ZIP'].map((part) =>
          store.redis.zcard(`${prefix}:jobs${part}`),
        ),
      );
    expect(await sizes()).toEqual([JOBS, JOBS - 1002, 1002, 999]);
    await indexJobs(
      store,
      [...Array(1000).keys()].map((n) => (n * 100).toString(16).padStart(32, '0')),
    );
    expect(await sizes()).toEqual([JOBS, JOBS - 1002, 1002, 999]);
  });

  it('A page in the middle costs as much as the first', async () => {
    const after = { queuedAt: 1000 + JOBS / 2, jobId: '0'.repeat(32) };
    const before = await commands();
    const { jobs } = await listJobs(store, {}, { limit: 20, after });
    expect(jobs.map(({ slug }) => slug)).toEqual(
      Array.from({ length: 20 }, (_, n) => `s${JOBS / 2 - 1 - n}`),
    );
    expect((await commands()) - before).toBeLessThan(1000);
  });

  it('Jobs that left the history leave the index when a list meets them', async () => {
    // As BullMQ trims: the newest 12,000 are gone from its own keys.
    const trim = `for n = ${JOBS - 12_000}, ${JOBS - 1} do local id = string.format('%032x', n)
      redis.call('DEL', ARGV[1] .. ':bakes:' .. id)
      redis.call('ZREM', ARGV[1] .. ':bakes:completed', id) redis.call('ZREM', ARGV[1] .. ':bakes:failed', id) end`;
    await watcher.eval(trim, 0, prefix);
    const empty = await listJobs(store, {}, { limit: 20 });
    expect([empty.jobs, empty.next !== undefined]).toEqual([[], true]); // one page looks at so many at most
    const found = await all(
      { list: (filter, page) => listJobs(store, filter, page) },
      { error: 'NOT_A_ZIP' },
      100,
    );
    expect(found).toHaveLength((JOBS - 12_000) / 100 - 1);
    await until('the lists removed what they met', async () => {
      await all(
        { list: (filter, page) => listJobs(store, filter, page) },
        { since: 1000 + JOBS - 12_000 },
        100,
      );
      return (await watcher.zcard(`${prefix}:jobs`)) === JOBS - 12_000;
    });
  });
});
