import { describe, expect, it } from 'vitest';
import { noMongo } from '../netlify/rig/mongo.ts';
import { fuzz } from './fuzz.ts';
import { TARGETS, type TargetName } from './targets.ts';

const FAULTY = new URL('faulty.ts', import.meta.url).href;

// `npm run fuzz` tries more, and other ones each time.
describe('Mutated inputs', () => {
  it.each<[TargetName, count: number, outcomes: number]>([
    ['zip', 700, 12],
    ['png', 1000, 3],
    ['wav', 250, 3],
    ['timing', 1000, 6],
    ['api', 500, 40],
    ['bake', 6, 2],
  ])(
    'Each mutated input of the target %s is read, or refused with a code',
    async (name, count, outcomes) => {
      const result = await fuzz({ module: TARGETS[name], seed: 1, count });
      expect(result.findings).toEqual([]);
      expect(result.tried).toBe(count);
      expect(result.outcomes.size).toBeGreaterThanOrEqual(outcomes); // wrong in many ways
    },
    240_000,
  );

  const why = noMongo();
  it.skipIf(why)(
    `Each mutated callback is accepted only if it is genuine, and a refused one changes nothing${why ? ` (skipped: ${why})` : ''}`,
    async () => {
      const result = await fuzz({ module: TARGETS.callback, seed: 1, count: 300 });
      expect(result.findings).toEqual([]);
      expect(result.tried).toBe(300);
      expect(result.outcomes.size).toBeGreaterThanOrEqual(12);
    },
    240_000,
  );
});

describe('The fuzzer', () => {
  it('finds errors without a code, hangs and ends of the process, and goes on after them', async () => {
    const { tried, outcomes, findings } = await fuzz({ module: FAULTY, seed: 1, count: 12 });
    expect([...outcomes]).toEqual([['good', 9]]);
    expect(tried).toBe(10);
    expect(findings.map(({ n }) => n)).toEqual([2, 5, 8]);
    expect(findings.map(({ what }) => what)).toEqual([
      expect.stringMatching(/^TypeError: an error without a code(?:.|\n)*because: Error: the cause/),
      'no end within 2 s',
      'the process ended with 7',
    ]);
  });

  it('ends with a finding when a target can not be opened', async () => {
    const text =
      'export const target = { deadlineMs: 1000, make: () => Buffer.alloc(1), open: () => process.exit(3) };';
    const module = `data:text/javascript,${encodeURIComponent(text)}`;
    const { tried, findings } = await fuzz({ module, seed: 1, count: 5 });
    expect(tried).toBe(0);
    expect(findings).toEqual([{ n: 0, what: 'the process ended with 3 before its first input' }]);
  });

  it('finds memory that grows', async () => {
    const { findings } = await fuzz({ module: FAULTY, seed: 1, from: 100, count: 1500 });
    expect(findings.map(({ what }) => what)).toEqual([
      expect.stringMatching(/^memory grows: \d+ \d+ \d+ MiB$/),
    ]);
  });

  it('tries the same inputs with the same seed, in any number of processes, until its time is over', async () => {
    const module = TARGETS.timing;
    const [one, two] = await Promise.all(
      [1, 2].map((processes) => fuzz({ module, seed: 5, count: 300, processes })),
    );
    expect(Object.fromEntries(two!.outcomes)).toEqual(Object.fromEntries(one!.outcomes));
    const none = await fuzz({ module, seed: 5, count: 300, seconds: 0 });
    expect(none.tried).toBe(0);
  });
});
