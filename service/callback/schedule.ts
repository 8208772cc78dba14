const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Milliseconds between attempts, as Standard Webhooks recommend: more than three days in all. */
export const SCHEDULE: readonly number[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/** A receiver can not ask for a longer wait. */
const MAX_RETRY_AFTER = 24 * HOUR;
const JITTER = 0.2;

/**
 * Milliseconds from attempt number `attempt` (from 1) to the next one; undefined after the last. At least `retryAfter`
 * milliseconds, but not more than a day. Jitter spreads callbacks that failed together.
 */
export function nextAttemptIn(
  attempt: number,
  retryAfter = 0,
  { schedule = SCHEDULE, random = Math.random } = {},
): number | undefined {
  const planned = schedule[attempt - 1];
  if (planned === undefined) return undefined;
  const jittered = planned * (1 + JITTER * (2 * random() - 1));
  const asked = Math.min(retryAfter, MAX_RETRY_AFTER) * (1 + JITTER * random());
  return Math.round(Math.max(jittered, asked));
}

/** Milliseconds that a Retry-After header asks for, in seconds or as a date. 0 for a past date and for any other text. */
export function parseRetryAfter(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  if (/^\d+$/.test(header.trim())) return Number(header) * SECOND;
  // All three forms of an HTTP date begin with the day of the week. Date.parse alone accepts other forms too.
  const at = /^[A-Z][a-z]{2}/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? 0 : Math.max(0, at - now);
}
