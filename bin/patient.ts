import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, type AskOptions, ask, UnreachableError } from './api.ts';

/** Statuses that pass by themselves: the queue is full, the service drains, is restarted, or asks for patience. */
const PASSING = [429, 500, 502, 503, 504];
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 15_000;
/** How long a service may be away. */
const GIVE_UP_MS = 10 * 60_000;

/**
 * Sends a request until the service takes it, for as long as a restart or a full queue lasts. Returns answers of the statuses in
 * `also` too. Throws the last error after ten minutes without an answer, and the signal's reason when it aborts.
 */
export async function askPatiently(path: string, options: AskOptions, signal: AbortSignal): Promise<Answer> {
  const also = [...(options.also ?? []), ...PASSING];
  let since = performance.now();
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    signal.throwIfAborted();
    const answer = await ask(path, { ...options, also }).catch((error: unknown) => {
      if (error instanceof UnreachableError && performance.now() - since < GIVE_UP_MS) return undefined;
      throw error;
    });
    if (answer !== undefined && !PASSING.includes(answer.status)) return answer;
    if (answer !== undefined) since = performance.now();
    const asked = (answer?.retryAfter ?? 0) * 1000;
    await delay(Math.min(Math.max(asked, wait), LONGEST_WAIT_MS), undefined, { signal }).catch(() => {});
  }
}

/** Runs `work` for all items, so many at once, until all have ended, one throws, or the signal aborts. */
export async function forEach<T>(
  items: Iterable<T>,
  atOnce: number,
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  let isFailed = false;
  const run = async () => {
    for (let next = rest.next(); !next.done && !signal.aborted && !isFailed; next = rest.next()) {
      try {
        await work(next.value);
      } catch (error) {
        if (signal.aborted) return;
        isFailed = true;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: atOnce }, run));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
