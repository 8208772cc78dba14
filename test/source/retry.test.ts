import { describe, expect, it } from 'vitest';
import { type RetryOptions, withRetries } from '../../service/lib/retry.ts';

/** Runs what fails as listed, and then succeeds; gives what came out, and how long each wait was. */
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
      ...{ attempts: 3, delays: [100, 1000], signal: new AbortController().signal, random: () => 0.5 },
      isRetryable: (error) => (error as Error).message === 'passing',
      wait: async (ms) => void waits.push(ms),
      ...changed,
    },
  ).catch((error: Error) => error.message);
  return { outcome, runs, waits };
}

describe('tries', () => {
  it.each([
    [[], 1, 1, []],
    [['passing'], 2, 2, [50]],
    [['passing', 'passing'], 3, 3, [50, 500]],
    [['passing', 'passing', 'passing'], 'passing', 3, [50, 500]],
    [['for good'], 'for good', 1, []],
    [['passing', 'for good'], 'for good', 2, [50]],
  ])('after %j: %s', async (failures, outcome, runs, waits) => {
    expect(await run(failures)).toEqual({ outcome, runs, waits });
  });

  it('waits as long as the last delay says from then on', async () => {
    const { waits } = await run(Array(4).fill('passing'), { attempts: 5 });
    expect(waits).toEqual([50, 500, 500, 500]);
  });

  it('ends while it waits', async () => {
    const controller = new AbortController();
    const options = { attempts: 2, delays: [3_600_000], isRetryable: () => true, signal: controller.signal };
    const running = withRetries(async () => {
      queueMicrotask(() => controller.abort(new Error('cancelled')));
      throw new Error('passing');
    }, options);
    await expect(running).rejects.toThrow('cancelled');
  });

  it('does not begin when aborted', async () => {
    const { runs, outcome } = await run([], { signal: AbortSignal.abort(new Error('cancelled')) });
    expect([runs, outcome]).toEqual([0, 'cancelled']);
  });

  it('does not go on when aborted meanwhile', async () => {
    const controller = new AbortController();
    const isRetryable = () => {
      controller.abort(new Error('cancelled'));
      return true;
    };
    expect(await run(['passing'], { isRetryable, signal: controller.signal })).toMatchObject({
      runs: 1,
      outcome: 'cancelled',
    });
  });
});
