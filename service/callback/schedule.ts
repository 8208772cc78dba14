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

/** However long a receiver asks to be left alone. */
const MAX_RETRY_AFTER = 24 * HOUR;
const JITTER = 0.2;

/**
 * Milliseconds until the attempt after number `attempt` (from 1); undefined when that was the last. Never sooner than
 * `retryAfter` milliseconds, up to a day. Jitter spreads what failed together.
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

/** Milliseconds that a Retry-After header asks for: seconds or a date of HTTP. 0 for what is neither, or past. */
export function parseRetryAfter(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  if (/^\d+$/.test(header.trim())) return Number(header) * SECOND;
  // All three forms of a date begin with the day of the week; Date.parse alone would accept far more.
  const at = /^[A-Z][a-z]{2}/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? 0 : Math.max(0, at - now);
}
