import { expect, it } from 'vitest';
import type { Call } from '../crash/outside.ts';
import { s3Gap } from '../rig/s3.ts';
import { mayMount } from '../storage/small-disk.ts';
import { judge, type Sent } from './books.ts';
import { longPlan, shortPlan } from './plan.ts';
import { soak } from './soak.ts';

const gap = s3Gap ?? (mayMount ? undefined : 'no right to mount a disk');

// `npm run soak` takes longer, and more away.
it.skipIf(gap)(
  `Outages and kills lose no tape, fail no good one, double no effect and leave nothing behind${gap ? ` (skipped: ${gap})` : ''}`,
  async () => {
    const said: string[] = [];
    const { lost, doubled, failed, leftovers, wrong, accepted } = await soak(shortPlan(1), 1, (line) =>
      said.push(line),
    );
    expect({ lost, doubled, failed, leftovers, wrong }, said.join('\n')).toEqual({
      ...{ lost: [], doubled: [], failed: [], leftovers: [], wrong: [] },
    });
    expect(accepted).toBeGreaterThan(10);
  },
  600_000,
);

it('A long run takes each neighbour away in each of its states, for two minutes of thirty, and kills at least twenty times', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const { events } = longPlan(seed, 30);
    expect(events.filter(({ what }) => what === 'kill').length).toBeGreaterThanOrEqual(20);
    const begins = events.filter((event) => event.what === 'begin');
    expect(begins.map(({ neighbour, state }) => `${neighbour} ${state}`).sort()).toEqual([
      ...[
        'disk down',
        'disk full',
        'disk readOnly',
        'receiver down',
        'receiver full',
        'redis down',
        'redis full',
      ],
      ...['redis readOnly', 'source down', 'source full', 'storage down', 'storage full', 'storage readOnly'],
    ]);
    for (const { neighbour, at } of begins) {
      const end = events.find(
        (event) => event.what === 'end' && event.neighbour === neighbour && event.at > at,
      );
      expect(end?.at).toBeCloseTo(at + 120);
    }
  }
});

const good = (slug: string): Sent => ({
  slug,
  kind: 'good',
  jobId: `job-${slug}`,
  keys: [`tapes/${slug}.mp4`],
});
const bad: Sent = { slug: 'b', kind: 'bad', code: 'NOT_A_ZIP', jobId: 'job-b', keys: ['tapes/b.mp4'] };
const stopped = (isCancelled?: boolean): Sent => ({
  ...good('c'),
  kind: 'cancelled',
  ...(isCancelled !== undefined && { isCancelled }),
});
const call = (slug: string, code?: string, id = '1'): Call => ({
  slug,
  id,
  ...(code && { error: { code } }),
});
const ALL_RIGHT = { lost: 0, doubled: 0, failed: 0, wrong: 0 };

it.each<[string, Sent[], Call[], string[], Partial<typeof ALL_RIGHT>]>([
  ['all that is right', [good('a'), bad], [call('a'), call('b', 'NOT_A_ZIP')], ['tapes/a.mp4'], {}],
  ['a callback that came again', [good('a')], [call('a'), call('a')], ['tapes/a.mp4'], {}],
  ['a tape that was never accepted', [{ ...bad, jobId: undefined } as never], [], [], {}],
  ['no callback', [good('a')], [], [], { lost: 1 }],
  ['no file', [good('a')], [call('a')], [], { lost: 1 }],
  ['two webhook-ids', [good('a')], [call('a'), call('a', undefined, '2')], ['tapes/a.mp4'], { doubled: 1 }],
  ['two ends', [good('a')], [call('a'), call('a', 'INTERNAL')], ['tapes/a.mp4'], { doubled: 1 }],
  ['a file of a bad tape', [bad], [call('b', 'NOT_A_ZIP')], ['tapes/b.mp4'], { doubled: 1 }],
  ['a good tape that failed', [good('a')], [call('a', 'DISK_FULL')], [], { failed: 1 }],
  ['a bad tape that failed in another way', [bad], [call('b', 'INTERNAL')], [], { wrong: 1 }],
  ['a cancelled tape', [stopped(true)], [call('c', 'CANCELLED')], ['tapes/c.mp4'], {}],
  ['a cancel whose answer was lost', [stopped()], [call('c')], ['tapes/c.mp4'], {}],
  ['a cancel that came too late', [stopped(false)], [call('c')], ['tapes/c.mp4'], {}],
  ['a tape that was cancelled and baked', [stopped(true)], [call('c')], ['tapes/c.mp4'], { wrong: 1 }],
])('The books judge %s', (_what, sent, calls, stored, expected) => {
  const { lost, doubled, failed, wrong } = judge(sent, calls, new Set(stored));
  const counts = { lost: lost.length, doubled: doubled.length, failed: failed.length, wrong: wrong.length };
  expect(counts).toEqual({ ...ALL_RIGHT, ...expected });
});
