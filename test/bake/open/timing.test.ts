import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BakeError } from '../../../service/bake/errors.ts';
import { DEFAULT_LIMITS } from '../../../service/bake/limits.ts';
import { parseTiming } from '../../../service/bake/open/timing/timing.ts';

const EVEN = 1000 / 60;

function counted(frameCount: number, first = 0) {
  return { frameValues: Array.from({ length: frameCount }, (_, at) => first + at), areTimes: false };
}

function parse(value: unknown, frameCount: number, totalSeconds?: number) {
  const bytes = value === undefined ? undefined : Buffer.from(JSON.stringify(value));
  const { durations, warnings } = parseTiming(bytes, counted(frameCount), DEFAULT_LIMITS, totalSeconds);
  return { durations, codes: warnings.map(({ code }) => code) };
}

describe('given durations', () => {
  it.each<[string, unknown, number[], string[]]>([
    [
      'in order',
      [
        { frame: 0, duration: 10 },
        { frame: 1, duration: 20 },
      ],
      [10, 20],
      [],
    ],
    [
      'out of order',
      [
        { frame: 1, duration: 20 },
        { frame: 0, duration: 10 },
      ],
      [10, 20],
      [],
    ],
    ['without frame numbers', [{ duration: 10 }, { duration: 20 }], [10, 20], []],
    ['some without frame numbers', [{ frame: 1, duration: 10 }, { duration: 20 }], [10, 20], []],
    [
      'counted from 1',
      [
        { frame: 1, duration: 10 },
        { frame: 2, duration: 20 },
      ],
      [10, 20],
      [],
    ],
    [
      'a frame named twice',
      [
        { frame: 1, duration: 10 },
        { frame: 1, duration: 20 },
      ],
      [10, 20],
      ['TIMING_REORDERED'],
    ],
    [
      '0 ms',
      [
        { frame: 0, duration: 0 },
        { frame: 1, duration: 20 },
      ],
      [0, 20],
      [],
    ],
    ['minus 0 ms', [{ duration: 20 }, { duration: 0 }], [20, 0], []],
  ])('Durations of timing.json are kept: %s', (_, timing, durations, codes) => {
    expect(parse(timing, 2)).toEqual({ durations, codes });
  });

  it('A byte order mark before timing.json is skipped', () => {
    const bytes = Buffer.from('\uFEFF[{"duration": 10}]');
    expect(parseTiming(bytes, counted(1), DEFAULT_LIMITS).durations).toEqual([10]);
  });
});

describe('missing durations', () => {
  it.each<[string, number | undefined, number]>([
    ['nothing known', undefined, EVEN],
    ['seconds', 0.9, 30],
    ['too short to be true', 0.01, EVEN],
    ['milliseconds by mistake', 900_000, EVEN],
    ['more than a second a frame', 31, EVEN],
  ])('A tape without durations has even ones by the total of metadata.json: %s', (_, total, each) => {
    expect(parse(undefined, 30, total)).toEqual({
      durations: new Array(30).fill(each),
      codes: ['TIMING_MISSING'],
    });
  });

  it.each<[string, unknown[], number[]]>([
    ['no entries', [], [EVEN, EVEN, EVEN, EVEN]],
    [
      'all 0 ms',
      [{ duration: 0 }, { duration: 0 }, { duration: 0 }, { duration: 0 }],
      [EVEN, EVEN, EVEN, EVEN],
    ],
    ['fewer entries: the median', [{ duration: 10 }, { duration: 30 }, { duration: 90 }], [10, 30, 90, 30]],
    [
      'one, by its own timestamp and the next',
      [{ duration: 10, timestamp: 0 }, { timestamp: 10 }, { duration: 5, timestamp: 35 }, { duration: 5 }],
      [10, 25, 5, 5],
    ],
    [
      'a run, by the frames around it',
      [
        { frame: 0, duration: 10, timestamp: 100 },
        { frame: 3, duration: 7, timestamp: 150 },
      ],
      [10, 20, 20, 7],
    ],
    [
      'a clock that went back: the median',
      [
        { duration: 10, timestamp: 900 },
        { timestamp: 910 },
        { duration: 12, timestamp: 100 },
        { duration: 12 },
      ],
      [10, 12, 12, 12],
    ],
    [
      'a clock that jumped: the median',
      [{ duration: 10, timestamp: 0 }, {}, { duration: 12, timestamp: 9e12 }, { duration: 12 }],
      [10, 12, 12, 12],
    ],
    [
      'timestamps that are no numbers',
      [{ duration: 10, timestamp: '0' }, {}, { duration: 10, timestamp: null }, { duration: 10 }],
      [10, 10, 10, 10],
    ],
  ])('Missing durations are filled in: %s', (_, timing, durations) => {
    const result = parse(timing, 4);
    expect(result.codes).toEqual(['TIMING_PARTIAL']);
    for (const [frame, duration] of durations.entries())
      expect(result.durations[frame]).toBeCloseTo(duration, 9);
  });
});

it('A tape of 4,000 frames without timing.json is too long', () => {
  expect(() => parse(undefined, 4000)).toThrow(expect.objectContaining({ code: 'TAPE_TOO_LONG' }));
});

it('A tape of exactly the longest duration is accepted, and a longer one is refused', () => {
  const frames = 3607;
  const timing = Array.from({ length: frames }, () => ({ duration: 60_000 / frames }));
  expect(parse(timing, frames).durations).toHaveLength(frames);
  timing[0]!.duration += 16; // a display refresh: the recorder's last frame
  expect(parse(timing, frames).durations).toHaveLength(frames);
  timing[0]!.duration += 1;
  expect(() => parse(timing, frames)).toThrow(expect.objectContaining({ code: 'TAPE_TOO_LONG' }));
});

it('Durations come back unchanged from entries in any order (property)', () => {
  const duration = fc.double({ min: 0, max: 200, noNaN: true });
  const shuffled = fc
    .array(duration, { minLength: 1, maxLength: 200 })
    .chain((durations) =>
      fc.tuple(
        fc.constant(durations),
        fc.shuffledSubarray([...durations.keys()], { minLength: durations.length }),
      ),
    );
  fc.assert(
    fc.property(shuffled, ([durations, order]) => {
      fc.pre(Math.max(...durations) >= 1); // less is taken for seconds
      const result = parse(
        order.map((frame) => ({ frame, duration: durations[frame] })),
        durations.length,
      );
      expect(result.durations.map((value) => value + 0)).toEqual(durations.map((value) => value + 0));
      expect(result.codes).toEqual([]);
    }),
  );
});

it('Any JSON gives one duration for each frame, none negative and a sum above 0, or a BakeError (property)', () => {
  const number = fc.oneof(
    fc.double({ min: 0, max: 100 }),
    fc.double(),
    fc.constantFrom(0, -0, 16.67, 1.77e9, 1.77e12, -5, Number.POSITIVE_INFINITY, null, '16', 'long', true),
  );
  const entry = fc.record(
    {
      frame: fc.oneof(fc.nat(12), fc.nat(12).map(String), fc.double()),
      filename: fc.nat(12).map((frame) => `frame-${frame}.png`),
      duration: number,
      timestamp: fc.oneof(
        fc.double(),
        fc.nat(2000),
        fc.nat(2000).map((after) => 1.77e12 + after),
      ),
    },
    { requiredKeys: [] },
  );
  const entries = fc.array(fc.oneof({ weight: 9, arbitrary: entry }, number), { maxLength: 13 });
  const timing = fc.oneof(
    { weight: 9, arbitrary: entries },
    entries.map((frames) => ({ frames })),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(
      timing,
      fc.integer({ min: 1, max: 12 }),
      fc.option(fc.double(), { nil: undefined }),
      (value, frames, total) => {
        try {
          const { durations } = parse(value, frames, total);
          expect(durations).toHaveLength(frames);
          expect(durations.every((each) => Number.isFinite(each) && each >= 0)).toBe(true);
          expect(sum(durations)).toBeGreaterThanOrEqual(1);
          expect(sum(durations)).toBeLessThanOrEqual(60_000.01);
        } catch (error) {
          if (!(error instanceof BakeError)) throw error;
          expect(error.code).toMatch(/^TIMING_|^TAPE_TOO_LONG$/);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
