import { type Counts, sum } from './counts.ts';

/** A step of a rehearsal, when it is over. */
export interface Row {
  readonly name: string;
  readonly seconds: number;
  /** What it came to, in a few words: the engine's changes, or what was refused. */
  readonly came: string;
  /** Undefined where there was nothing to ask: before there is a host, and while it is destroyed. */
  readonly counts: Counts | undefined;
  /** Whether requests may be lost. */
  readonly mayLose?: boolean;
  /** What did not hold; none when the step is fine. */
  readonly problems: readonly string[];
  /** What the operator saw, in a few lines. */
  readonly seen: readonly string[];
}

const HEADERS = ['step', 'time', 'what came of it', 'requests', 'lost', '503', 'tapes', ''] as const;

/** The summary, a line for each step and one for all, in Markdown that is as well read on a terminal. Pure. */
export function renderTable(rows: readonly Row[], tapesLost: number): string {
  const total = sum(rows.flatMap(({ counts }) => (counts === undefined ? [] : [counts])));
  const seconds = rows.reduce((all, row) => all + row.seconds, 0);
  const isFine = tapesLost === 0 && rows.every(isWell);
  const last = [
    'all',
    time(seconds),
    `${tapesLost} tapes lost`,
    ...cells(total),
    isFine ? 'holds' : 'DOES NOT HOLD',
  ];
  const body = rows.map(({ name, seconds, came, counts, problems }) => [
    name,
    time(seconds),
    came,
    ...cells(counts),
    problems.length === 0 ? 'ok' : 'WRONG',
  ]);
  return aligned([[...HEADERS], ...body, last]);
}

function isWell({ problems, counts, mayLose = false }: Row): boolean {
  return problems.length === 0 && (mayLose || counts === undefined || counts.lost === 0);
}

function cells(counts: Counts | undefined): string[] {
  if (counts === undefined) return ['–', '–', '–', '–'];
  return [counts.asked, counts.lost, counts.told, counts.tapes.length].map(String);
}

/** `83 s`, `12 min 5 s`. */
export function time(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Columns whose numbers stand at the right. */
const RIGHT = new Set([1, 3, 4, 5, 6]);

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = HEADERS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (RIGHT.has(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join(' | ')} |\n`;
  const rule = `|${widths.map((width, column) => (RIGHT.has(column) ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2))).join('|')}|\n`;
  const [header, ...rest] = rows;
  return line(header!) + rule + rest.map(line).join('');
}
