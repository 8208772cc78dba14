import { renderTable, show } from '../table.ts';
import type { AnswersResult } from './answers.ts';
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

function section(title: string, figures: string, isHeld: boolean, target: string): string {
  return `## ${title}\n\n${figures}\n\n${isHeld ? 'Held' : '**Missed**'}: ${target}.`;
}
