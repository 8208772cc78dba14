import { geometricMean, median } from '../statistics.ts';
import { renderTable, show } from '../table.ts';
import type { AnswersResult } from './answers.ts';
import type { BurstResult } from './burst.ts';
import type { IdleResult } from './idle.ts';
import type { LoadResult } from './load.ts';
import type { MemoryResult } from './memory.ts';
import type { ThroughputResult } from './throughput.ts';

const TARGET_MS = 50;
const TARGET_RATIO = 0.9;
const TARGET_GROWTH = 0.2;

export function renderLoad(result: LoadResult): string {
  const { posted, accepted, full, others, done, seconds, refusedCallbacks } = result;
  const isRight = others.length === 0 && done === accepted && refusedCallbacks === 0;
  const figures = `${posted} tapes POSTed at once: ${accepted} accepted, ${full} answered 429 with Retry-After, ${others.length} anything else; ${done} of the accepted done with a verified callback, after ${show(seconds, 1)} s`;
  return section('Load', `${figures}.`, isRight, 'all accepted or 429 by the book, all accepted ones done');
}

export function renderAnswers({ bake, health, wrong, busy }: AnswersResult): string {
  const rows = Object.entries({ 'POST /bake': bake, 'GET /health': health }).map(([name, one]) => [
    name,
    `${one.count}`,
    show(one.p50, 1),
    show(one.p99, 1),
    show(one.worst, 1),
  ]);
  const table = renderTable(['while two bakes run', 'requests', 'p50 ms', 'p99 ms', 'worst ms'], rows);
  const isHeld = busy && wrong === 0 && Math.max(bake.p99, health.p99) < TARGET_MS;
  return section(
    'Answers',
    table,
    isHeld,
    `p99 below ${TARGET_MS} ms, all answered well, two bakes running throughout`,
  );
}

export function renderThroughput({ service, alone, ratio }: ThroughputResult): string {
  const rates = (values: readonly number[]) => values.map((value) => show(value, 1)).join(', ');
  const figures = `Bakes a minute, two at a time, by round: ${rates(service)} through the service; ${rates(alone)} by \`oven bake\` alone. Median of the ratios ${show(ratio, 2)}.`;
  return section(
    'Throughput',
    figures,
    ratio >= TARGET_RATIO,
    `at least ${TARGET_RATIO * 100} % of \`oven bake\` alone`,
  );
}

export function renderMemory({ bakes, done, early, late, course }: MemoryResult): string {
  const growth = late / early - 1;
  const figures = `Resident memory of the service over ${bakes} bakes in a row: ${course.map((mib) => show(mib)).join(', ')} MiB; from the first to the last ${show(growth * 100)} %.`;
  const isHeld = done === bakes && growth <= TARGET_GROWTH;
  return section('Memory', figures, isHeld, `within ${TARGET_GROWTH * 100} % of the first`);
}

const SERVICE_MEAN_RATIO = 8;
const SERVICE_LEAST_RATIO = 3.5;
const BURST_TIME = 0.77;

/** Each tape through an idle service, beside the bare bake and the plain recipe. */
export function renderIdle(results: readonly IdleResult[]): string {
  const withOther = results.some(({ against }) => against.length > 0);
  const summaries = results.map(({ tape, service, bare, plain, against }) => {
    const [seconds, bareSeconds, plainSeconds] = [median(service), median(bare), median(plain)];
    return { tape, seconds, bareSeconds, plainSeconds, other: median(against) };
  });
  const head = ['tape', 'POST to callback s', 'bare bake s', 'the service adds s', 'plain s', 'ratio'];
  const rows = summaries.map(({ tape, seconds, bareSeconds, plainSeconds, other }) => [
    tape,
    show(seconds, 2),
    show(bareSeconds, 2),
    show(seconds - bareSeconds, 2),
    show(plainSeconds, 2),
    `${show(plainSeconds / seconds, 2)}×`,
    ...(withOther ? [show(other, 2)] : []),
  ]);
  const ratios = summaries.map(({ seconds, plainSeconds }) => plainSeconds / seconds);
  const [mean, least] = [geometricMean(ratios), Math.min(...ratios)];
  const table = renderTable([...head, ...(withOther ? ['other s'] : [])], rows);
  return section(
    'An idle service',
    `${table}\n\nGeometric mean of the ratios ${show(mean, 2)}×, least ${show(least, 2)}×.`,
    mean >= SERVICE_MEAN_RATIO && least >= SERVICE_LEAST_RATIO,
    `geometric mean at least ${SERVICE_MEAN_RATIO}×, none less than ${SERVICE_LEAST_RATIO}×`,
  );
}

/** A burst of tapes, with the time of another checkout's service where that was measured. */
export function renderBurst({ tapes, own, other }: BurstResult): string {
  const list = (values: readonly number[]) => values.map((value) => show(value, 1)).join(', ');
  const figures = `${tapes} tapes POSTed at once: ${list(own)} s until the last callback, by round`;
  if (other.length === 0) return `## A burst\n\n${figures}.`;
  const ratio = median(own.map((seconds, round) => seconds / other[round]!));
  const both = `${figures}; ${list(other)} s by the other checkout. Median of the ratios ${show(ratio, 2)}.`;
  return section('A burst', both, ratio <= BURST_TIME, `at most ${BURST_TIME} of the other checkout's time`);
}

function section(title: string, figures: string, isHeld: boolean, target: string): string {
  return `## ${title}\n\n${figures}\n\n${isHeld ? 'Held' : '**Missed**'}: ${target}.`;
}
