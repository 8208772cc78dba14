import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openMetrics, serveMetrics } from '../../service/health/metrics.ts';
import type { BakeAttempt } from '../../service/worker/bake-processor.ts';
import { startTestService, type TestService } from '../http/test-service.ts';
import { until } from '../rig/until.ts';

let testService: TestService;
let url: string;
beforeAll(async () => {
  testService = await startTestService();
  const line = testService.log.find((one) => one.includes('"msg":"listening"'));
  ({ metrics: url } = JSON.parse(line ?? '{}') as { metrics: string });
});
afterAll(() => testService.close());

const read = async () => (await fetch(url)).text();

describe('metrics', () => {
  it('The metrics count bakes, the seconds of each stage, and callbacks', async () => {
    const { jobId } = await testService.bake(testService.body('a'));
    await testService.ended(jobId);
    const failed = await testService.bake(testService.body('nowhere'));
    await testService.ended(failed.jobId);
    const text = await until('both callbacks count', async () => {
      const all = await read();
      return /oven_callback_seconds_count\{outcome="delivered"\} 2/.test(all) && all;
    });
    expect(text).toContain('oven_bakes_total{outcome="done",code=""} 1');
    expect(text).toContain('oven_bakes_total{outcome="failed",code="SOURCE_NOT_FOUND"} 1');
    for (const stage of ['downloading', 'opening', 'encoding', 'uploading', 'total']) {
      expect(text).toContain(`oven_stage_seconds_count{stage="${stage}"} 1`);
    }
    expect(text).toMatch(/oven_output_bytes_total [1-9]/);
    expect(text).toContain('oven_queue_jobs{queue="bakes",state="done"} 1');
    expect(text).toContain('oven_info{release="dev"} 1');
    expect(text).toMatch(/nodejs_eventloop_lag_p99_seconds/);
    expect(text).toMatch(/process_resident_memory_bytes/);
    expect(text).not.toContain('nowhere');
  });

  it('The metrics have an address of their own, which only this machine reaches', async () => {
    expect(new URL(url).hostname).toBe('127.0.0.1');
    expect((await fetch(`${testService.url}/metrics`)).status).toBe(404);
    expect((await fetch(new URL('/', url))).status).toBe(404);
  });

  it('The metrics can be read without Redis, and have no numbers of the queue then', async () => {
    await testService.redis.kill();
    const text = await until('the queue is gone', async () => {
      const all = await read();
      return !all.includes('oven_queue_jobs{') && all;
    });
    expect(text).toContain('oven_bakes_total');
    await testService.redis.start();
  });
});

it('A stopped bake does not count as failed', async () => {
  const metrics = openMetrics({ counts: () => Promise.reject(new Error('none')) }, 'x');
  const stop = new AbortController();
  const bake = metrics.instrument(async (_request, { signal }) => {
    stop.abort();
    signal.throwIfAborted();
    throw new Error('not aborted');
  });
  const withSlugLock: BakeAttempt['withSlugLock'] = (work) => work();
  const attempt = { jobId: 'a', signal: stop.signal, onProgress: () => {}, withSlugLock };
  await expect(bake({} as never, attempt)).rejects.toThrow();
  expect((await metrics.render()).body).toContain('oven_bakes_total{outcome="stopped",code=""} 1');
});

it('A port for the metrics that is taken is an error', async () => {
  const metrics = openMetrics({ counts: () => Promise.reject(new Error('none')) }, 'x');
  const first = await serveMetrics(metrics, 0);
  await expect(serveMetrics(metrics, Number(new URL(first.url).port))).rejects.toThrow('EADDRINUSE');
  first.close();
});
