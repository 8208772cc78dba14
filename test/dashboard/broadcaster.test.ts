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
const OPTIONS = { maxSubscriptions: 3, maxShare: 2, pollMs: 10 };

test('All subscriptions share one refresh of the view', async () => {
  const { sources, asked, bakeOne } = source();
  const broadcaster = openBroadcaster(sources, OPTIONS);
  const subscriptions = [broadcaster.subscribe()!, broadcaster.subscribe()!, broadcaster.subscribe()!];
  expect(broadcaster.subscribe()).toBeUndefined();
  const first = await Promise.all(subscriptions.map((subscription) => subscription.next(1000)));
  expect(first.map((change) => change?.lists.tapes.keys)).toEqual([[], [], []]);
  const before = asked.counts;
  bakeOne();
  const second = await Promise.all(subscriptions.map((subscription) => subscription.next(1000)));
  for (const change of second) expect(change?.lists.tapes.keys).toHaveLength(1);
  expect(asked.counts - before).toBeLessThanOrEqual(2); // one refresh may have been running
  broadcaster.close();
});

test('Without subscriptions the queue is not asked', async () => {
  const { sources, asked } = source();
  const broadcaster = openBroadcaster(sources, OPTIONS);
  const subscription = broadcaster.subscribe()!;
  await until('it is polled', () => asked.counts > 3);
  subscription.close();
  expect(broadcaster.size).toBe(0);
  // The running refresh is the last: the count stays the same over many intervals.
  let last = -1;
  let still = 0;
  await until('the polls end', () => {
    still = asked.counts === last ? still + 1 : 0;
    last = asked.counts;
    return still > 10;
  });
  broadcaster.close();
});

test('Fifty views within half a second ask the queue once', async () => {
  const { sources, asked } = source();
  const broadcaster = openBroadcaster(sources, OPTIONS);
  await Promise.all(Array.from({ length: 50 }, () => broadcaster.view()));
  await broadcaster.view();
  expect(asked.counts).toBe(1);
});

test('A slow subscription gets the whole view once instead of several changes', async () => {
  const { sources, bakeOne, asked } = source();
  const broadcaster = openBroadcaster(sources, OPTIONS);
  const slow = broadcaster.subscribe()!;
  const quick = broadcaster.subscribe()!;
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
  broadcaster.close();
});

test('A change reports that the queue is lost, and another that it is back', async () => {
  const rig = source();
  rig.bakeOne();
  const broadcaster = openBroadcaster(rig.sources, OPTIONS);
  const subscription = broadcaster.subscribe()!;
  await subscription.next(1000);
  rig.break(true);
  expect(await subscription.next(1000)).toMatchObject({
    trouble: expect.stringContaining('can not be reached'),
  });
  expect((await broadcaster.view()).lists.tapes).toHaveLength(1);
  rig.break(false);
  expect(await subscription.next(1000)).toMatchObject({ trouble: '' });
  broadcaster.close();
});

test('A closed broadcaster ends waiting subscriptions and takes no new one', async () => {
  const broadcaster = openBroadcaster(source().sources, OPTIONS);
  const subscription = broadcaster.subscribe()!;
  await subscription.next(1000);
  const next = subscription.next(600_000);
  broadcaster.close();
  expect(await next).toBeUndefined();
  expect(subscription.closed).toBe(true);
  expect(broadcaster.subscribe()).toBeUndefined();
});

test('One visitor has a share of the subscriptions, and gets a place again when one of them ends', () => {
  const broadcaster = openBroadcaster(source().sources, OPTIONS);
  const first = broadcaster.subscribe('a')!;
  expect(broadcaster.hasShare('a')).toBe(false);
  broadcaster.subscribe('a');
  expect([broadcaster.subscribe('a'), broadcaster.hasShare('a')]).toEqual([undefined, true]);
  first.close();
  expect(broadcaster.subscribe('b')).toBeDefined();
  expect(broadcaster.subscribe('a')).toBeDefined();
  expect(broadcaster.subscribe('c')).toBeUndefined(); // all are taken
  expect(broadcaster.hasShare('c')).toBe(false);
  broadcaster.close();
});

test('A Redis that takes no writes is told as trouble', async () => {
  const redisFault = async () => ({ code: 'REDIS', message: 'Redis takes no writes.' });
  const broadcaster = openBroadcaster({ ...source().sources, redisFault }, OPTIONS);
  expect((await broadcaster.view()).trouble).toBe(
    'Tapes wait, and go on by themselves: Redis takes no writes.',
  );
});
