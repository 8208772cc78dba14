import { expect, test } from 'vitest';
import { openBroadcaster } from '../../service/dashboard/broadcaster.ts';
import { until } from '../rig/until.ts';
import { COUNTS, reportOf } from './reports.ts';

function source() {
  const asked = { counts: 0 };
  let done = 0;
  let isBroken = false;
  return {
    asked,
    bakeOne: () => {
      done += 1;
    },
    break: (broken: boolean) => {
      isBroken = broken;
    },
    sources: {
      disk: () => Promise.reject(new Error('no disk')),
      queue: {
        counts: async () => {
          asked.counts += 1;
          if (isBroken) throw new Error('no queue');
          return { ...COUNTS, done };
        },
        recent: async (_n: number, groups: readonly string[] = []) =>
          groups.includes('done') ? Array.from({ length: done }, (_, n) => reportOf(n)) : [],
      },
    },
  };
}
const OPTIONS = { maxSubscriptions: 3, pollMs: 10 };

test('all who look on share one look', async () => {
  const { sources, asked, bakeOne } = source();
  const watch = openBroadcaster(sources, OPTIONS);
  const feeds = [watch.subscribe()!, watch.subscribe()!, watch.subscribe()!];
  expect(watch.subscribe()).toBeUndefined();
  const first = await Promise.all(feeds.map((feed) => feed.next(1000)));
  expect(first.map((change) => change?.lists.tapes.keys)).toEqual([[], [], []]);
  const before = asked.counts;
  bakeOne();
  const second = await Promise.all(feeds.map((feed) => feed.next(1000)));
  for (const change of second) expect(change?.lists.tapes.keys).toHaveLength(1);
  expect(asked.counts - before).toBeLessThanOrEqual(2); // one may have been under way
  watch.close();
});

test('nobody is asked anything when nobody looks on', async () => {
  const { sources, asked } = source();
  const watch = openBroadcaster(sources, OPTIONS);
  const feed = watch.subscribe()!;
  await until('it is polled', () => asked.counts > 3);
  feed.close();
  expect(watch.size).toBe(0);
  // The poll under way is the last: the count stands still over many times its interval.
  let last = -1;
  let still = 0;
  await until('the polls end', () => {
    still = asked.counts === last ? still + 1 : 0;
    last = asked.counts;
    return still > 10;
  });
  watch.close();
});

test('many views in a moment are one look', async () => {
  const { sources, asked } = source();
  const watch = openBroadcaster(sources, OPTIONS);
  await Promise.all(Array.from({ length: 50 }, () => watch.view()));
  await watch.view();
  expect(asked.counts).toBe(1);
});

test('who is slow gets all of it, once', async () => {
  const { sources, bakeOne, asked } = source();
  const watch = openBroadcaster(sources, OPTIONS);
  const slow = watch.subscribe()!;
  const quick = watch.subscribe()!;
  await slow.next(1000);
  await quick.next(1000);
  for (let n = 0; n < 5; n++) {
    bakeOne();
    await quick.next(1000);
  }
  const seen = asked.counts;
  await until('it was looked since', () => asked.counts > seen + 1);
  const change = await slow.next(1000);
  expect(change?.lists.tapes.keys).toHaveLength(5);
  expect(Object.keys(change?.lists.tapes.rows ?? {})).toHaveLength(5);
  expect(change?.figures).toBeDefined();
  expect(await slow.next(1)).toBeUndefined();
  watch.close();
});

test('a queue that is lost is told, and its return', async () => {
  const rig = source();
  rig.bakeOne();
  const watch = openBroadcaster(rig.sources, OPTIONS);
  const feed = watch.subscribe()!;
  await feed.next(1000);
  rig.break(true);
  expect(await feed.next(1000)).toMatchObject({ trouble: expect.stringContaining('can not be reached') });
  expect((await watch.view()).lists.tapes).toHaveLength(1);
  rig.break(false);
  expect(await feed.next(1000)).toMatchObject({ trouble: '' });
  watch.close();
});

test('closing ends who waits, and takes nobody else', async () => {
  const watch = openBroadcaster(source().sources, OPTIONS);
  const feed = watch.subscribe()!;
  await feed.next(1000);
  const next = feed.next(600_000);
  watch.close();
  expect(await next).toBeUndefined();
  expect(feed.closed).toBe(true);
  expect(watch.subscribe()).toBeUndefined();
});
