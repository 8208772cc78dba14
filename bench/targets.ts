import { type Quality, summarise, type TapeResult } from './results.ts';
import { geometricMean } from './statistics.ts';

/** One target, and the measurements of the worst tape or of those that miss it. */
export interface Verdict {
  target: string;
  measured: string;
  held: boolean;
}

/** A verdict as one line of a list. */
export function verdictLine({ target, measured, held }: Verdict): string {
  return `- ${held ? 'held' : '**missed**'}: ${target} (${measured})`;
}

const MEAN_RATIO = 9;
const LEAST_RATIO = 3.5;
const MEAN_RATIO_AT_4 = 1.2;
const BETTER_DB = 6;
const GOOD_DB = 45;
const MEMORY_MIB = 256;
const MEAN_BYTES = 0.7;
const MEAN_CPU = 0.8;
const VIDEO_MS = 1;
const SOUND_MS = 5;

/** A target for each tape. `miss` is the distance by which a tape misses it, in the target's own unit; 0 or less holds it. */
interface Rule {
  target: string;
  miss: (result: TapeResult) => number | undefined;
  show: (result: TapeResult) => string;
}

const rules: readonly Rule[] = [
  {
    target: `no tape less than ${LEAST_RATIO}× faster`,
    miss: (result) => orUndefined(LEAST_RATIO - summarise(result).ratio),
    show: (result) => `${summarise(result).ratio.toFixed(2)}×`,
  },
  {
    target: `total time at most 1.3 × floor + 0.3 s`,
    miss: (result) => over(summarise(result).oven, summarise(result).allowed),
    show: (result) => `${summarise(result).oven.toFixed(2)} of ${summarise(result).allowed?.toFixed(2)} s`,
  },
  {
    target: `PSNR of enlarged pictures at least ${BETTER_DB} dB better, or above ${GOOD_DB} dB`,
    miss: ({ quality, width }) => {
      // In a video of the tape's own size, four pixels share their chroma, whatever the encoder does.
      if (quality === undefined || quality.oven.width < 2 * width) return undefined;
      const { oven, plain } = quality;
      return Math.min(plain.psnr + BETTER_DB - oven.psnr, GOOD_DB - oven.psnr);
    },
    show: ({ quality }) => `${quality!.oven.psnr.toFixed(1)} dB, plain ${quality!.plain.psnr.toFixed(1)} dB`,
  },
  quality('no more bytes than the plain recipe', {
    miss: ({ oven, plain }) => oven.bytes / plain.bytes - 1,
    show: ({ oven, plain }) => `${(oven.bytes / plain.bytes).toFixed(2)} of the plain recipe's`,
  }),
  quality(`process tree within ${MEMORY_MIB} MiB`, {
    // Without /proc no memory is measured, and the target does not count.
    miss: ({ oven }) => (Number.isNaN(oven.pssMiB) ? undefined : oven.pssMiB - MEMORY_MIB),
    show: ({ oven }) => `${oven.pssMiB.toFixed(0)} MiB`,
  }),
  quality(`every change of the picture within ${VIDEO_MS} ms, and the end`, {
    miss: ({ oven: { timing } }) => Math.max(timing.video, Math.abs(timing.end)) - VIDEO_MS,
    show: ({ oven: { timing } }) => `${Math.max(timing.video, Math.abs(timing.end)).toFixed(3)} ms`,
  }),
  quality(`sound within ${SOUND_MS} ms`, {
    miss: ({ oven: { timing } }) => over(timing.sound, SOUND_MS),
    show: ({ oven: { timing } }) => `${timing.sound?.toFixed(2)} ms`,
  }),
];

/** Compares the results with the targets of the default section. */
export function judge(results: readonly TapeResult[]): Verdict[] {
  return [
    ...judgeMean(results, MEAN_RATIO),
    ...judgeMost(
      `CPU at most ${MEAN_CPU} of the other checkout's, in the mean`,
      MEAN_CPU,
      cpuRatios(results),
    ),
    ...rules.flatMap((rule) => judgeRule(rule, results)),
    ...judgeMost(
      `at most ${MEAN_BYTES} of the plain recipe's bytes in the mean`,
      MEAN_BYTES,
      bytesRatios(results),
    ),
    ...judgeChoice(results),
  ];
}

/** Compares the section at scale 4 with its one target. */
export function judgeScale4(results: readonly TapeResult[]): Verdict[] {
  return judgeMean(results, MEAN_RATIO_AT_4);
}

/** The geometric mean of all tapes' ratios. */
export function meanRatio(results: readonly TapeResult[]): number {
  return geometricMean(results.map((result) => summarise(result).ratio));
}

/** Oven's CPU divided by that of the other checkout, for each tape for which it was measured. */
export function cpuRatios(results: readonly TapeResult[]): number[] {
  return results.map((result) => summarise(result).cpuRatio).filter((ratio) => ratio !== undefined);
}

/** Oven's bytes divided by the plain recipe's, for each tape whose videos were compared. */
export function bytesRatios(results: readonly TapeResult[]): number[] {
  return results.flatMap(({ quality }) => (quality ? [quality.oven.bytes / quality.plain.bytes] : []));
}

function judgeMost(target: string, most: number, ratios: readonly number[]): Verdict[] {
  if (ratios.length === 0) return [];
  const mean = geometricMean(ratios);
  return [{ target, measured: mean.toFixed(2), held: mean <= most }];
}

/** Whether tapes with the same pixels were encoded with the same settings, whoever compressed their PNGs. */
function judgeChoice(results: readonly TapeResult[]): Verdict[] {
  const byKind = Map.groupBy(results, ({ kind }) => kind);
  const several = [...byKind].filter(([, group]) => group.length > 1 && group[0]!.quality?.oven.settings);
  if (several.length === 0) return [];
  const unlike = several.filter(
    ([, group]) => new Set(group.map(({ quality }) => quality?.oven.settings)).size > 1,
  );
  const measured = unlike.map(([kind]) => kind).join(', ') || 'every kind';
  return [
    {
      target: 'the same settings for the same pixels by any encoder of PNG',
      measured,
      held: unlike.length === 0,
    },
  ];
}

function judgeMean(results: readonly TapeResult[], least: number): Verdict[] {
  const mean = meanRatio(results);
  // Without the plain recipe there is no ratio.
  if (Number.isNaN(mean)) return [];
  const target = `geometric mean at least ${least}×`;
  return [{ target, measured: `${mean.toFixed(2)}×`, held: mean >= least }];
}

function orUndefined(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}

function judgeRule({ target, miss, show }: Rule, results: readonly TapeResult[]): Verdict[] {
  const judged = results.flatMap((result) => {
    const by = miss(result);
    return by === undefined ? [] : [{ result, by }];
  });
  if (judged.length === 0) return [];
  const missing = judged.filter(({ by }) => by > 0);
  const named = missing.length > 0 ? missing : [judged.reduce((a, b) => (b.by > a.by ? b : a))];
  const measured = named.map(({ result }) => `${result.tape} ${show(result)}`).join('; ');
  return [{ target, measured, held: missing.length === 0 }];
}

interface QualityRule {
  miss: (quality: Record<'oven' | 'plain', Quality>) => number | undefined;
  show: (quality: Record<'oven' | 'plain', Quality>) => string;
}

function quality(target: string, { miss, show }: QualityRule): Rule {
  return {
    target,
    miss: ({ quality }) => quality && miss(quality),
    show: ({ quality }) => show(quality!),
  };
}

function over(value: number | undefined, most: number | undefined): number | undefined {
  return value === undefined || most === undefined ? undefined : value - most;
}
