// The filters of jobs on the command line: `oven jobs`, and `oven retry|cancel|replay|rebake`.
import { type Command, InvalidArgumentError, Option } from 'commander';

export const STATES = ['queued', 'active', 'done', 'failed'] as const;

export interface Filters {
  readonly status?: (typeof STATES)[number];
  readonly slug?: string;
  readonly code?: string;
  readonly error?: string;
  /** In milliseconds since 1970. */
  readonly since?: number;
}

/** Adds the options of the filters to a command. */
export function withFilters(command: Command): Command {
  return command
    .addOption(
      new Option('--status <STATE>', `jobs of this state: ${STATES.join(', ')}`).argParser(parseState),
    )
    .option('--slug <SLUG>', 'jobs of the tape of this name')
    .option('--code <CODE>', 'jobs of the tape with this short code')
    .option('--error <CODE>', 'jobs that failed with this code, such as STORAGE_REFUSED')
    .option(
      '--since <WHEN>',
      'jobs that came since then: 30m, 24h, 7d, or a date such as 2026-11-26',
      parseSince,
    );
}

/** Whether a command line names any filter. */
export function hasFilters({ status, slug, code, error, since }: Filters): boolean {
  return [status, slug, code, error, since].some((value) => value !== undefined);
}

/** The query of GET /admin/jobs. */
export function toQuery({ status, slug, code, error, since }: Filters): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ status, slug, code, error, since })) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query;
}

function parseState(value: string) {
  const state = STATES.find((known) => known === value);
  if (state === undefined) throw new InvalidArgumentError(`It is one of ${STATES.join(', ')}.`);
  return state;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** A span before `now`, or a date, in milliseconds since 1970. */
export function parseSince(value: string, _before?: unknown, now = Date.now()): number {
  const [, number, unit] = /^(\d{1,6})([smhdw])$/.exec(value) ?? [];
  if (number !== undefined) return now - Number(number) * UNITS[unit!]! * 1000;
  const date = /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(date))
    throw new InvalidArgumentError('It is a span such as 24h, or a date such as 2026-11-26.');
  return date;
}
