import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../test/rig/until.ts';
import type { TapeSpec } from '../../test/tapes/make.ts';
import { percentile } from '../statistics.ts';
import { type Env, post, type TestService, withTestService } from './test-service.ts';

/** Milliseconds. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

export interface AnswersResult {
  readonly bake: Latency;
  readonly health: Latency;
  /** Responses other than 202 or 200. */
  readonly wrong: number;
  /** Whether two bakes ran from the first request to the last. */
  readonly busy: boolean;
}

export interface AnswersOptions {
  /** The number of requests of each kind. */
  readonly count: number;
  /** Milliseconds from one request to the next of its kind. A request does not wait for the earlier response. */
  readonly everyMs: number;
  readonly tape?: TapeSpec;
  readonly env?: Env;
}

const TAPE: TapeSpec = { scene: 'wire', width: 640, height: 480, seconds: 8 };

/** Measures the time of POST /bake and GET /health while two bakes run on this machine. */
export async function answers({
  count,
  everyMs,
  tape = TAPE,
  ...more
}: AnswersOptions): Promise<AnswersResult> {
  const env = { ...more.env, CONCURRENCY: '2', MAX_QUEUED: '100000' };
  return withTestService({ tape }, env, async (testService) => {
    // Four tapes keep both workers busy. The service ends with the rest.
    for (let n = 0; n < 4; n++) await post(testService, 'tape', `first-${n}`);
    await until('two bakes run', async () => (await active(testService)) === 2);
    let wrong = 0;
    const health = async () => {
      const started = performance.now();
      const response = await fetch(`${testService.oven.url}/health`);
      await response.arrayBuffer();
      if (response.status !== 200) wrong += 1;
      return performance.now() - started;
    };
    const bake = async (n: number) => {
      const { status, ms } = await post(testService, 'tape', `more-${n}`);
      if (status !== 202) wrong += 1;
      return ms;
    };
    const asked: [Promise<number>, Promise<number>][] = [];
    for (let n = 0; n < count; n++) {
      asked.push([bake(n), health()]);
      await delay(everyMs);
    }
    const times = await Promise.all(asked.map((pair) => Promise.all(pair)));
    return {
      bake: latency(times.map(([ms]) => ms)),
      health: latency(times.map(([, ms]) => ms)),
      wrong,
      busy: (await active(testService)) === 2,
    };
  });
}

export function latency(ms: readonly number[]): Latency {
  return {
    count: ms.length,
    p50: percentile(ms, 50),
    p99: percentile(ms, 99),
    worst: Math.max(...ms),
  };
}

/** The number of active bakes on the dashboard's page. */
async function active({ oven }: TestService): Promise<number> {
  const page = await (await fetch(oven.url)).text();
  return Number(/<dt>baking<\/dt><dd>(\d+)/.exec(page)?.[1]);
}
