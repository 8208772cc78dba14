import { describe, expect, it } from 'vitest';
import { type RetryOptions, withRetries } from '../../service/lib/retry.ts';

/** Runs work that fails with these messages, and then succeeds; returns its outcome and the waits. */
async function run(failures: string[], changed: Partial<RetryOptions> = {}) {
  const waits: number[] = [];
  let runs = 0;
  const outcome = await withRetries(
    async (attempt) => {
      runs += 1;
      const failed = failures.shift();
      if (failed !== undefined) throw new Error(failed);
      return attempt;
    },
    {
      attempts: 3,
      delays: [100, 1000],
      signal: new AbortController().signal,
      random: () => 0.5,
      isRetryable: (error) => (error as Error).message === 'retryable',
      wait: async (ms) => void waits.push(ms),
      ...changed,
    },
  ).catch((error: Error) => error.message);
  return { outcome, runs, waits };
}

describe('withRetries', () => {
  it.each([
    [[], 1, 1, []],
    [['retryable'], 2, 2, [50]],
    [['retryable', 'retryable'], 3, 3, [50, 500]],
    [['retryable', 'retryable', 'retryable'], 'retryable', 3, [50, 500]],
    [['permanent'], 'permanent', 1, []],
    [['retryable', 'permanent'], 'permanent', 2, [50]],
  ])('Work that fails with %j has the outcome %s', async (failures, outcome, runs, waits) => {
    expect(await run(failures)).toEqual({ outcome, runs, waits });
  });

  it('The last delay serves for all further attempts', async () => {
    const { waits } = await run(Array(4).fill('retryable'), { attempts: 5 });
    expect(waits).toEqual([50, 500, 500, 500]);
  });

  it('An abort ends a wait between attempts', async () => {
    const controller = new AbortController();
    const options = { attempts: 2, delays: [3_600_000], isRetryable: () => true, signal: controller.signal };
    const running = withRetries(async () => {
      queueMicrotask(() => controller.abort(new Error('cancelled')));
      throw new Error('retryable');
    }, options);
    await expect(running).rejects.toThrow('cancelled');
  });

  it('Work that is aborted before does not begin', async () => {
    const { runs, outcome } = await run([], { signal: AbortSignal.abort(new Error('cancelled')) });
    expect([runs, outcome]).toEqual([0, 'cancelled']);
  });

  it('Work that is aborted during an attempt is not tried again', async () => {
    const controller = new AbortController();
    const isRetryable = () => {
      controller.abort(new Error('cancelled'));
      return true;
    };
    expect(await run(['retryable'], { isRetryable, signal: controller.signal })).toMatchObject({
      runs: 1,
      outcome: 'cancelled',
    });
  });
});
