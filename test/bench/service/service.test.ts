import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { answers, latency } from '../../../bench/service/answers.ts';
import { burst } from '../../../bench/service/burst.ts';
import { idle } from '../../../bench/service/idle.ts';
import { load } from '../../../bench/service/load.ts';
import { memory } from '../../../bench/service/memory.ts';
import {
  renderAnswers,
  renderBurst,
  renderIdle,
  renderLoad,
  renderMemory,
  renderThroughput,
} from '../../../bench/service/report.ts';
import { throughput } from '../../../bench/service/throughput.ts';
import { percentile } from '../../../bench/statistics.ts';
import { makeTape } from '../../tapes/make.ts';

const SMALL = { scene: 'plot', width: 96, height: 64, seconds: 1 } as const;

// The benchmarks of `npm run bench:service` with fewer and smaller tapes. The tests check results, and no times.

it('More tapes at once than the queue has room for are accepted or refused with 429, and all accepted ones are baked', async () => {
  const result = await load(40, 10);
  expect(result).toMatchObject({ others: [], refusedCallbacks: 0, done: result.accepted });
  expect(result.accepted + result.full).toBe(40);
  expect(result.accepted).toBeGreaterThanOrEqual(10);
  expect(renderLoad(result)).toMatch(/Held/);
}, 180_000);

it('Every request gets the right response while tapes are baked', async () => {
  const tape = { scene: 'noise', width: 320, height: 240, seconds: 4 } as const; // goes on while the others wait
  const result = await answers({ count: 20, everyMs: 10, tape });
  expect(result).toMatchObject({ wrong: 0, bake: { count: 20 }, health: { count: 20 } });
}, 180_000);

it('The throughput is measured through the service and by the command', async () => {
  const { service, alone, ratio } = await throughput(1, 2, { tape: SMALL });
  for (const value of [...service, ...alone, ratio]) expect(value).toBeGreaterThan(0);
}, 180_000);

it('Tapes one at a time, and a burst of them, are measured by two services in turn', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-test-'));
  try {
    const { path } = await makeTape(join(folder, 'small.zip'), SMALL);
    const against = join(import.meta.dirname, '../../..');
    const [one] = await idle({ small: path }, 1, against);
    expect(one).toMatchObject({ tape: 'small' });
    const { service, against: other, bare, plain } = one!;
    expect([service, other, bare, plain].map((list) => list.length)).toEqual([1, 1, 1, 1]);
    expect(service[0]).toBeGreaterThan(0);
    const burstOfTwo = await burst({ small: path }, 2, 1, against);
    expect(burstOfTwo.tapes).toBe(2);
    for (const [seconds] of [burstOfTwo.own, burstOfTwo.other]) expect(seconds).toBeGreaterThan(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 180_000);

it('The memory is measured over bakes in a row, which are all done', async () => {
  const result = await memory(6, 3, { settleMs: 50 });
  expect(result).toMatchObject({ bakes: 6, done: 6 });
  expect(result.course).toHaveLength(2);
}, 180_000);

it.each([
  [[], 50, Number.NaN],
  [[5], 99, 5],
  [[4, 1, 3, 2], 50, 2],
  [Array.from({ length: 200 }, (_, n) => n + 1), 99, 198],
])('The percentile of %j at %d is right', (values, percent, wanted) => {
  expect(percentile(values, percent)).toBe(wanted);
});

it('The report says which targets are held and which are missed', () => {
  const fast = latency([1, 2, 3]);
  const slow = latency([1, 2, 90]);
  const one = { posted: 1, accepted: 1, full: 0, others: [], done: 1, seconds: 1, refusedCallbacks: 0 };
  expect(renderLoad({ ...one, done: 0 })).toMatch(/Missed/);
  expect(renderAnswers({ bake: fast, health: fast, wrong: 0, busy: true })).toMatch(/Held/);
  expect(renderAnswers({ bake: slow, health: fast, wrong: 0, busy: true })).toMatch(/Missed/);
  expect(renderAnswers({ bake: fast, health: fast, wrong: 0, busy: false })).toMatch(/Missed/);
  expect(renderThroughput({ service: [9], alone: [10], ratio: 0.9 })).toMatch(/Held/);
  expect(renderThroughput({ service: [8], alone: [10], ratio: 0.8 })).toMatch(/Missed/);
  const memory = { bakes: 2, done: 2, early: 100, course: [100, 119] };
  expect(renderMemory({ ...memory, late: 119 })).toMatch(/Held/);
  expect(renderMemory({ ...memory, late: 121 })).toMatch(/Missed/);
  expect(renderMemory({ ...memory, early: Number.NaN, late: Number.NaN })).toMatch(/Missed/);
  const tape = { tape: 'a', service: [1], bare: [0.8], plain: [8.8], against: [] };
  expect(renderIdle([tape])).toMatch(
    /^\| a +\| +1\.00 \| +0\.80 \| +0\.20 \| +8\.80 \| 8\.80× \|$[\s\S]*Held/m,
  );
  expect(renderIdle([{ ...tape, plain: [7.9] }])).toMatch(/Missed/);
  expect(
    renderIdle([
      { ...tape, plain: [64] },
      { ...tape, plain: [3.4] },
    ]),
  ).toMatch(/Missed/);
  expect(renderIdle([{ ...tape, against: [1.5] }])).toMatch(/other s \|[\s\S]* 1\.50 \|$/m);
  expect(renderBurst({ tapes: 12, own: [7.7], other: [10] })).toMatch(/Held/);
  expect(renderBurst({ tapes: 12, own: [7.8], other: [10] })).toMatch(/Missed/);
  expect(renderBurst({ tapes: 12, own: [7.8], other: [] })).not.toMatch(/Held|Missed/);
});
