import { type Env, type Posted, post, waitForCallbacks, withTestService } from './test-service.ts';

export interface LoadResult {
  readonly posted: number;
  readonly accepted: number;
  /** Responses 429 with a whole number of seconds in Retry-After. */
  readonly full: number;
  /** All other responses. There must be none. */
  readonly others: readonly Posted[];
  /** Accepted tapes that ended with a video and a verified callback. */
  readonly done: number;
  /** Seconds from the first POST to the last callback. */
  readonly seconds: number;
  readonly refusedCallbacks: number;
}

const TAPE = { scene: 'sprites', width: 64, height: 48, seconds: 1 } as const;

/** Sends `count` tapes at once to a queue with room for `maxQueued`. */
export async function load(count: number, maxQueued: number, more: Env = {}): Promise<LoadResult> {
  const env = { ...more, CONCURRENCY: '2', MAX_QUEUED: `${maxQueued}` };
  return withTestService({ small: TAPE }, env, async (testService) => {
    const started = performance.now();
    const slugs = Array.from({ length: count }, (_, n) => `load-${n}`);
    const posted = await Promise.all(slugs.map((slug) => post(testService, 'small', slug)));
    const accepted = posted.filter(({ status }) => status === 202);
    const full = posted.filter((one) => one.status === 429 && Number.isInteger(one.retryAfter));
    const calls = await waitForCallbacks(
      testService,
      accepted.map(({ slug }) => slug),
      60 + 3 * count,
    );
    return {
      posted: count,
      accepted: accepted.length,
      full: full.length,
      others: posted.filter((one) => !accepted.includes(one) && !full.includes(one)),
      done: calls.filter(({ mp4Url }) => mp4Url !== undefined).length,
      seconds: (performance.now() - started) / 1000,
      refusedCallbacks: testService.site.counts.refused,
    };
  });
}
