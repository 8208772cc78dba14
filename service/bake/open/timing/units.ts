/** The measures of a tape's time, each in a unit of its own. */
export interface Measures {
  /** By frame. */
  readonly durations: readonly (number | undefined)[];
  /** By frame. */
  readonly timestamps: readonly (number | undefined)[];
  /** The length of the tape by metadata.json. */
  readonly total: number | undefined;
}

/** The unit of each measure, in milliseconds. */
export interface Units {
  readonly duration: number;
  readonly timestamp: number;
  readonly total: number;
}

/** The units that the recorder writes. */
export const USUAL_UNITS: Units = { duration: 1, timestamp: 1, total: 1000 };
const MILLISECONDS = 1;
const SECONDS = 1000;
const MICROSECONDS = 0.001;
const NANOSECONDS = 0.000_001;
/** The factor by which two measures of one length may differ: the recorder clamps at 10 ms, and gives the last frame 16.67 ms. */
const TOLERANCE = 1.25;
/** The factor by which a factor of 1000 may be off. */
const UNIT_TOLERANCE = 1.2;
/** The shortest time, in milliseconds, for which a display shows a frame. */
const SHORTEST = 1;
/** The geometric mean of the lengths of a usual tape, 4 s, and of its frames, 30 ms. The reading nearer to it is the likelier one. */
const USUAL_MEAN = 346;

/**
 * Detects the units. Where two measures differ by a factor of 1000, the units are those under which most measures agree, and among
 * these the ones that give the most usual tape. Otherwise they are the usual ones, unless durations are too short for any display. Pure.
 */
export function detectUnits(measures: Measures): Units {
  const sums = sumUp(measures);
  const known = epochUnit(measures.timestamps);
  const usual = { ...USUAL_UNITS, timestamp: known ?? MILLISECONDS };
  const { units, same } =
    countPairs(sums, usual).factors > 0 ? bestReading(sums, known) : usualReading(sums, usual);
  const longest = Math.max(0, ...measures.durations.map((duration) => duration ?? 0));
  const isTooShort = units.duration === MILLISECONDS && longest > 0 && longest < SHORTEST && same === 0;
  return isTooShort ? { ...units, duration: SECONDS } : units;
}

/** Whether two measures in one unit, both > 0, are of the same length. */
export function areSame(a: number, b: number): boolean {
  return Math.max(a, b) <= Math.min(a, b) * TOLERANCE;
}

interface Sums {
  /** Of the frames with both a duration and a gap to the next timestamp. */
  readonly paired: { readonly duration: number; readonly gap: number };
  /** Of the whole tape, in the unit of durations; 0 where there are none. */
  readonly duration: number;
  /** Of the whole tape, in the unit of timestamps; 0 where there are none. */
  readonly gap: number;
  readonly total: number;
  readonly frames: number;
}

function sumUp({ durations, timestamps, total = 0 }: Measures): Sums {
  const paired = { duration: 0, gap: 0 };
  for (const [frame, duration = 0] of durations.entries()) {
    const gap = (timestamps[frame + 1] ?? Number.NaN) - (timestamps[frame] ?? Number.NaN);
    if (!(gap > 0 && duration > 0)) continue;
    paired.duration += duration;
    paired.gap += gap;
  }
  const frames = durations.length;
  const known = durations.filter((duration) => duration !== undefined);
  const duration = known.length === 0 ? 0 : (sum(known) / known.length) * frames;
  const first = timestamps.findIndex((timestamp) => timestamp !== undefined);
  const last = timestamps.findLastIndex((timestamp) => timestamp !== undefined);
  const span = last > first ? ((timestamps[last]! - timestamps[first]!) / (last - first)) * frames : 0;
  return { paired, duration, gap: Math.max(0, span), total, frames };
}

/** The number of pairs of measures that agree under these units, and of those that differ by a factor of 1000. */
function countPairs({ paired, duration, gap, total }: Sums, units: Units) {
  const whole = duration > 0 ? duration * units.duration : gap * units.timestamp;
  const pairs = [
    [paired.duration * units.duration, paired.gap * units.timestamp],
    [whole, total * units.total],
  ].filter(([a, b]) => a! > 0 && b! > 0) as [number, number][];
  const same = pairs.filter(([a, b]) => areSame(a, b)).length;
  return { same, factors: pairs.filter(([a, b]) => isFactor(a, b)).length };
}

function isFactor(a: number, b: number): boolean {
  const factor = Math.max(a, b) / Math.min(a, b);
  return [1e3, 1e6].some((unit) => Math.max(factor, unit) / Math.min(factor, unit) <= UNIT_TOLERANCE);
}

function usualReading(sums: Sums, units: Units): { units: Units; same: number } {
  return { units, same: countPairs(sums, units).same };
}

function bestReading(sums: Sums, knownTimestamp: number | undefined): { units: Units; same: number } {
  const any = [MILLISECONDS, SECONDS, MICROSECONDS];
  const readings = any.flatMap((duration) =>
    (knownTimestamp ? [knownTimestamp] : any).flatMap((timestamp) =>
      [SECONDS, MILLISECONDS].map((total) => {
        const units = { duration, timestamp, total };
        return { units, ...countPairs(sums, units), oddness: oddness(sums, units) };
      }),
    ),
  );
  const better = (a: (typeof readings)[number], b: (typeof readings)[number]) =>
    b.same - a.same || a.factors - b.factors || a.oddness - b.oddness;
  return readings.toSorted(better)[0]!;
}

/** The distance of a reading from a usual tape; 0 is nearest. */
function oddness({ duration, gap, frames }: Sums, units: Units): number {
  const length = duration > 0 ? duration * units.duration : gap * units.timestamp;
  const mean = Math.sqrt(length * (length / frames));
  return Math.abs(Math.log(mean / USUAL_MEAN));
}

/** The unit of times since 1970, by their number of digits, which stays the same from 2001 to 2286; undefined for other times. */
function epochUnit(timestamps: readonly (number | undefined)[]): number | undefined {
  const first = timestamps.find((timestamp) => timestamp !== undefined) ?? 0;
  return [SECONDS, MILLISECONDS, MICROSECONDS, NANOSECONDS].find(
    (unit) => first * unit >= 1e12 && first * unit < 1e13,
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
