const MINUTE_MS = 60_000;
const LONGEST_MINUTES = 360;

/**
 * When a tape is due again after `attempts`: 10 minutes, then twice as long each time up to 6 hours, each moved by up to
 * a tenth so that tapes that failed together don't come back together. `atLeastSeconds` is what Retry-After asked for.
 */
export function nextTry(attempts: number, atLeastSeconds = 0, random = Math.random): Date {
  const minutes = Math.min(10 * 2 ** Math.max(0, attempts - 1), LONGEST_MINUTES);
  const jittered = minutes * MINUTE_MS * (0.9 + 0.2 * random());
  return new Date(Date.now() + Math.max(jittered, atLeastSeconds * 1000));
}
