import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ERRORS, FAILURE_CODES, type FailureCode, OvenError } from '../../service/errors.ts';
import { logEvents } from '../../service/worker/events.ts';
import { openQueueFixture, RESULT, requestFor, useRedis } from '../queue/fixture.ts';
import { until } from '../rig/until.ts';

const { redis } = useRedis();
const SLUGS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const QUICK = { first: 20, longest: 80, giveUp: 60_000 };
const POSTPONED = FAILURE_CODES.filter((code) => ERRORS[code].retry === 'postponed');

describe('a fault that is not the tape’s', () => {
  it.each(POSTPONED)(
    '%s fails no tape: the worker stops, and goes on when a probe succeeds',
    async (code) => {
      const own = openQueueFixture(redis(), { attempts: 1 });
      let fault = true;
      let bakes = 0;
      let probes = 0;
      const seen: (string | undefined)[] = [];
      const workers = await own.work({
        faultWaits: QUICK,
        onFault: (failure) => seen.push(failure?.code),
        probe: async () => {
          probes += 1;
          if (fault) throw new Error('It lasts.');
        },
        bake: async () => {
          bakes += 1;
          if (fault) throw new OvenError(code);
          return RESULT;
        },
      });
      const jobs = await Promise.all(SLUGS.map((slug) => own.queue.submit(requestFor(slug))));
      await until('the fault was probed some times', () => probes >= 4);
      expect(workers.fault()).toMatchObject({ code });
      expect(bakes).toBeLessThanOrEqual(4); // two at once, and two that were on their way
      fault = false;
      for (const { jobId } of jobs) await own.is(jobId, 'done');
      expect(workers.fault()).toBeUndefined();
      expect(seen).toEqual([code, undefined]);
      const outcomes = (await own.calls(SLUGS.length)).map(({ outcome }) => outcome);
      expect(outcomes).toEqual(SLUGS.map(() => ({ result: RESULT })));
    },
  );

  it('Tapes that waited longer than the time to give up fail and are reported, also those that never ran', async () => {
    const own = openQueueFixture(redis());
    await own.work({
      concurrency: 1,
      faultWaits: { first: 20, longest: 50, giveUp: 100 },
      probe: () => Promise.reject(new Error('It lasts.')),
      bake: () => Promise.reject(new OvenError('STORAGE_UNREACHABLE')),
    });
    const jobs = await Promise.all(SLUGS.map((slug) => own.queue.submit(requestFor(slug))));
    for (const { jobId } of jobs) await own.is(jobId, 'failed');
    for (const { outcome } of await own.calls(SLUGS.length)) {
      expect(outcome).toMatchObject({ failure: { code: 'STORAGE_UNREACHABLE', retryable: true } });
    }
  });

  it('A tape whose fault no probe finds waits alone, and all other tapes are baked', async () => {
    const own = openQueueFixture(redis());
    await own.work({
      concurrency: 1,
      faultWaits: { first: 200, longest: 60_000, giveUp: 60_000 },
      bake: async ({ slug }) => {
        if (slug === 'huge') throw new OvenError('DISK_FULL');
        return RESULT;
      },
    });
    const huge = await own.queue.submit(requestFor('huge'));
    const jobs = await Promise.all(SLUGS.map((slug) => own.queue.submit(requestFor(slug))));
    for (const { jobId } of jobs) await own.is(jobId, 'done');
    expect((await own.queue.status(huge.jobId))?.status).toBe('queued');
    expect(await own.queue.cancel(huge.jobId)).toBe('cancelled');
    await own.is(huge.jobId, 'failed');
  });
});

const LONG = { first: 60_000, longest: 60_000, giveUp: 86_400_000 };
const lasts = () => Promise.reject(new Error('It lasts.'));
const fail = () => Promise.reject(new OvenError('DISK_FULL'));

describe('while the worker waits for the end of a fault', () => {
  it.each([0, 5])(
    'a cancelled tape ends and is reported at once, and no other: the tape %d',
    async (place) => {
      const own = openQueueFixture(redis());
      const workers = await own.work({ concurrency: 1, faultWaits: LONG, probe: lasts, bake: fail });
      const jobs = await Promise.all(SLUGS.map((slug) => own.queue.submit(requestFor(slug))));
      await until('one is postponed', async () => (await own.queue.counts()).retrying > 0);
      const { jobId } = jobs[place]!;
      expect(await own.queue.cancel(jobId)).toBe('cancelled');
      expect(await own.calls(1)).toMatchObject([{ jobId, outcome: { failure: { code: 'CANCELLED' } } }]);
      await delay(300);
      const { waiting, retrying, failed } = await own.queue.counts();
      expect([waiting + retrying, failed]).toEqual([SLUGS.length - 1, 1]);
      expect(retrying).toBeLessThanOrEqual(4); // the worker did not take all of them
      expect(workers.fault()).toMatchObject({ code: 'DISK_FULL' });
    },
  );

  it('Each of many tapes that are cancelled at once ends and is reported', async () => {
    const own = openQueueFixture(redis());
    await own.work({ concurrency: 1, faultWaits: LONG, probe: lasts, bake: fail });
    const slugs = Array.from({ length: 20 }, (_, n) => `many-${n}`);
    const jobs = await Promise.all(
      slugs.map((slug, n) => own.queue.submit(requestFor(slug), { priority: n % 3 })),
    );
    await until('one is postponed', async () => (await own.queue.counts()).retrying > 0);
    for (const { jobId } of jobs.slice(5, 15)) await own.queue.cancel(jobId);
    await own.calls(10);
  });

  it('A second worker without the fault bakes the tapes, also when the fault lasts longer than a tape may wait', async () => {
    const own = openQueueFixture(redis());
    let postponed = 0;
    const ill = await own.work({
      faultWaits: { first: 100, longest: 3000, giveUp: 500 },
      probe: lasts,
      bake: fail,
      events: {
        ...logEvents({ info: () => {}, warn: () => {}, error: () => {} }),
        bakePostponed: () => {
          postponed += 1;
        },
      },
    });
    const { jobId } = await own.queue.submit(requestFor('first'));
    await own.is(jobId, 'failed');
    postponed = 0;
    await own.work({ bake: () => delay(30, RESULT) });
    const slugs = Array.from({ length: 30 }, (_, n) => `later-${n}`);
    const jobs = await Promise.all(slugs.map((slug) => own.queue.submit(requestFor(slug))));
    const ended = async () => {
      const { done, failed } = await own.queue.counts();
      return done + failed > jobs.length && { done };
    };
    const { done } = await until('all have ended', ended);
    expect(done).toBeGreaterThan(jobs.length / 2);
    expect(postponed).toBeLessThan(jobs.length);
    expect(ill.fault()).toMatchObject({ code: 'DISK_FULL' });
  });

  it('A worker closes at once although its probe hangs', async () => {
    const own = openQueueFixture(redis());
    const signals: AbortSignal[] = [];
    const workers = await own.work({
      faultWaits: LONG,
      probe: (_failure, signal) => {
        signals.push(signal);
        return new Promise(() => {});
      },
      bake: fail,
    });
    await own.queue.submit(requestFor('a'));
    await until('it is postponed', async () => (await own.queue.counts()).retrying > 0);
    const began = performance.now();
    await workers.close(0);
    expect(performance.now() - began).toBeLessThan(3000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it.each([
    [
      'throws before it waits for anything',
      () => {
        throw new Error('It lasts.');
      },
    ],
    ['never ends', () => new Promise<void>(() => {})],
  ] as const)('a probe that %s counts as failed, and the next one follows', async (_what, badProbe) => {
    const own = openQueueFixture(redis());
    let probes = 0;
    await own.work({
      faultWaits: QUICK,
      probe: () => (++probes < 3 ? badProbe() : Promise.resolve()),
      bake: async () => (probes < 3 ? fail() : RESULT),
    });
    const { jobId } = await own.queue.submit(requestFor('a'));
    await own.is(jobId, 'done');
  });
});

it('A Redis that is full while tapes are baked fails none of them', async () => {
  const own = openQueueFixture(redis(), { attempts: 1 });
  const client = new Redis(redis().socket);
  const room = (bytes: number) => client.config('SET', 'maxmemory', `${bytes}`);
  onTestFinished(async () => {
    await room(0);
    client.disconnect();
  });
  const full = Promise.withResolvers<void>();
  let failed = 0;
  await own.work({
    faultWaits: QUICK,
    probe: async () => void (await client.set(`${own.prefix}:probe`, 'x')),
    bake: async (_request, { signal, withSlugLock }) => {
      await full.promise;
      return withSlugLock(async () => RESULT, signal).catch((error) => {
        failed += 1;
        throw error;
      });
    },
  });
  const jobs = await Promise.all(SLUGS.map((slug) => own.queue.submit(requestFor(slug))));
  await until('two run', async () => (await own.queue.counts()).active === 2);
  await room(1);
  full.resolve();
  await until('a bake met the full Redis', () => failed > 0);
  await room(0);
  for (const { jobId } of jobs) await own.is(jobId, 'done');
  expect((await own.calls(SLUGS.length)).every(({ outcome }) => 'result' in outcome)).toBe(true);
});

describe('a host that can not bake, among others on the queue', () => {
  it.each(['FFMPEG_MISSING', 'DISK_FULL', 'TEMP_DIR_UNUSABLE'] as const)(
    'With %s each tape goes back at once and unspent, another host bakes it, and the host takes no more',
    async (code) => {
      const own = openQueueFixture(redis(), { attempts: 1 });
      let failures = 0;
      const failing = async () => {
        failures += 1;
        throw new OvenError(code);
      };
      const shared = { sharesQueue: true, faultWaits: LONG };
      const ill = ['ill-1', 'ill-2'];
      const workers = await Promise.all(
        ill.map((name) => own.work({ ...shared, name, probe: lasts, bake: failing })),
      );
      const first = await Promise.all(SLUGS.map((slug) => own.queue.submit(requestFor(slug))));
      await until('both have stopped', () => workers.every((one) => one.fault()?.code === code));
      await own.work({ ...shared, name: 'well', bake: async () => RESULT });
      const later = await Promise.all(SLUGS.map((slug) => own.queue.submit(requestFor(`${slug}-2`))));
      for (const { jobId } of [...first, ...later]) {
        expect(await own.is(jobId, 'done')).toBeDefined();
        expect(await own.queue.details(jobId)).toMatchObject({ attempts: 1, host: 'well' });
      }
      expect(failures).toBeLessThanOrEqual(8); // two at once on each, and two that were on their way
      expect((await own.queue.counts()).retrying).toBe(0);
    },
  );

  it('A tape that is too large for every host waits after each has tried it, and all others are baked', async () => {
    const own = openQueueFixture(redis());
    const tried = new Set<string>();
    const bothTried = Promise.withResolvers<void>();
    for (const name of ['one', 'two']) {
      await own.work({
        ...{ name, sharesQueue: true, faultWaits: LONG, concurrency: 1 },
        // Otherwise the first may take it a second time, before the other has taken it at all.
        probe: () => bothTried.promise,
        bake: async ({ slug }) => {
          if (slug !== 'huge') return RESULT;
          if (tried.add(name).size === 2) bothTried.resolve();
          throw new OvenError('DISK_FULL');
        },
      });
    }
    const huge = await own.queue.submit(requestFor('huge'));
    await until('each has tried it', () => tried.size === 2);
    await until('it waits', async () => (await own.queue.counts()).retrying === 1);
    const jobs = await Promise.all(SLUGS.map((slug) => own.queue.submit(requestFor(slug))));
    for (const { jobId } of jobs) await own.is(jobId, 'done');
    expect(await own.queue.cancel(huge.jobId)).toBe('cancelled');
    await own.is(huge.jobId, 'failed');
  });

  it('An encoder that fails on a host without disk space is the host’s fault, and a bad tape is still its own', async () => {
    const own = openQueueFixture(redis(), { attempts: 1 });
    const hostFault = async () => ({ code: 'DISK_FULL', message: 'No room.', retryable: true });
    const codes: Record<string, FailureCode> = {
      bad: 'NOT_A_ZIP',
      gone: 'SOURCE_NOT_FOUND',
      good: 'FFMPEG_FAILED',
    };
    await own.work({
      ...{ faultWaits: LONG, probe: lasts, hostFault, concurrency: 1 },
      bake: async ({ slug }) => Promise.reject(new OvenError(codes[slug]!)),
    });
    for (const slug of ['bad', 'gone']) {
      const { jobId } = await own.queue.submit(requestFor(slug));
      expect(await own.is(jobId, 'failed')).toMatchObject({ error: { code: codes[slug] } });
    }
    const { jobId } = await own.queue.submit(requestFor('good'));
    await until('it waits', async () => (await own.queue.counts()).retrying === 1);
    expect(await own.queue.details(jobId)).toMatchObject({ attempts: 0, postponed: { times: 1 } });
  });
});
