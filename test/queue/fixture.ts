import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { type FailureCode, OvenError } from '../../service/errors.ts';
import { openQueue, type Queue, type QueueOptions } from '../../service/queue/queue.ts';
import type { BakeResult } from '../../service/schemas/outcome.ts';
import type { BakeRequest } from '../../service/schemas/request.ts';
import type { Callback } from '../../service/worker/callback-processor.ts';
import { logEvents } from '../../service/worker/events.ts';
import { startWorkers, type Workers, type WorkersOptions } from '../../service/worker/workers.ts';
import { type RedisRig, startRedis } from '../rig/redis.ts';
import { until } from '../rig/until.ts';

/** The result of a bake whose result does not matter. */
export const RESULT: BakeResult = {
  width: 80,
  height: 60,
  duration: 1.5,
  bytes: 1234,
  outputs: { mp4: 'https://b.test/tapes/tape.mp4' },
};

/** An error that a bake throws on purpose. */
export function fault(code: FailureCode): OvenError {
  return new OvenError(code, `It is ${code}.`);
}

/** A request for a tape of this name. */
export function requestFor(slug: string, part: Partial<BakeRequest> = {}): BakeRequest {
  return {
    mongoId: `id-of-${slug}`,
    slug,
    zipUrl: `https://art.test/${slug}.zip?signature=1`,
    callbackUrl: 'https://site.test/hook',
    outputs: [{ kind: 'mp4' }, { kind: 'thumbnail' }],
    secretFingerprint: 'f1ngerprint',
    ...part,
  };
}

/** A Redis for the tests of one file, each with a prefix of its own. */
export function useRedis(): { readonly redis: () => RedisRig } {
  let redis: RedisRig | undefined;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.stop());
  return { redis: () => redis! };
}

export interface QueueFixture {
  readonly prefix: string;
  readonly queue: Queue;
  /** Delivered callbacks, in order. */
  readonly delivered: Callback[];
  /** Errors that `onError` got. */
  readonly errors: Error[];
  /** Starts workers in this process; by default every bake and every delivery succeeds at once. */
  work(options?: Partial<WorkersOptions>): Promise<Workers>;
  /** Waits until a job has this status, and returns its report. */
  is(jobId: string, status: string): ReturnType<typeof reportOf>;
  /** Waits until so many callbacks were delivered, and returns them. */
  calls(count: number): Promise<Callback[]>;
}

async function reportOf(queue: Queue, jobId: string) {
  return (await queue.status(jobId))!;
}

/** A queue with a prefix of its own, and short ways to use it. */
export function openQueueFixture(redis: RedisRig, options: Partial<QueueOptions> = {}): QueueFixture {
  const prefix = `test-${randomUUID()}`;
  const [delivered, errors]: [Callback[], Error[]] = [[], []];
  const onError = (error: Error) => void errors.push(error);
  const common = { redis: { url: redis.url }, prefix, onError };
  const queue = openQueue({ ...common, maxQueued: 100, backoffMs: 20, purgeWaitMs: 5000, ...options });
  onTestFinished(() => queue.close());
  return {
    prefix,
    queue,
    delivered,
    errors,
    work: async (given = {}) => {
      const workers = await startWorkers({
        ...common,
        concurrency: 2,
        lockMs: 2000,
        stalledCheckMs: 200,
        graceMs: 300,
        events: logEvents({
          info: () => {},
          warn: () => {},
          error: ({ err }: { err: Error }) => onError(err),
        }),
        faultWaits: { first: 100, longest: 400, giveUp: 60_000 },
        bake: async () => RESULT,
        deliver: async (callback) => {
          delivered.push(callback);
          return 'delivered';
        },
        ...given,
      });
      onTestFinished(() => workers.close(0));
      return workers;
    },
    is: (jobId, status) =>
      until(`${jobId} is ${status}`, async () => {
        const report = await queue.status(jobId);
        return report?.status === status && report;
      }),
    calls: (count) =>
      until(`${count} callbacks`, async () => delivered.length >= count && delivered).then((all) => [...all]),
  };
}

/** Rejects with the signal's reason when it aborts, as a bake does. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
