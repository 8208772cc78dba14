import { allCalled, type Env, type Posted, post, withKitchen } from './kitchen.ts';

export interface LoadResult {
  readonly posted: number;
  readonly accepted: number;
  /** 429 with a Retry-After that is a whole number of seconds. */
  readonly full: number;
  /** Anything else: there must be none. */
  readonly others: readonly Posted[];
  /** Accepted ones that ended with a video and a verified callback. */
  readonly done: number;
  /** From the first POST to the last callback. */
  readonly seconds: number;
  readonly refusedCallbacks: number;
}

const TAPE = { scene: 'sprites', width: 64, height: 48, seconds: 1 } as const;

/** So many tapes POSTed at once to a queue that has room for fewer. */
export async function load(count: number, maxQueued: number, more: Env = {}): Promise<LoadResult> {
  const env = { ...more, CONCURRENCY: '2', MAX_QUEUED: `${maxQueued}` };
  return withKitchen({ small: TAPE }, env, async (kitchen) => {
    const started = performance.now();
    const slugs = Array.from({ length: count }, (_, n) => `load-${n}`);
    const posted = await Promise.all(slugs.map((slug) => post(kitchen, 'small', slug)));
    const accepted = posted.filter(({ status }) => status === 202);
    const full = posted.filter((one) => one.status === 429 && Number.isInteger(one.retryAfter));
    const calls = await allCalled(
      kitchen,
      accepted.map(({ slug }) => slug),
      60 + 3 * count,
    );
    return {
      ...{ posted: count, accepted: accepted.length, full: full.length },
      others: posted.filter((one) => !accepted.includes(one) && !full.includes(one)),
      done: calls.filter(({ mp4Url }) => mp4Url !== undefined).length,
      seconds: (performance.now() - started) / 1000,
      refusedCallbacks: kitchen.site.counts.refused,
    };
  });
}
