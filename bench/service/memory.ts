import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fieldKiB } from '../memory.ts';
import { median } from '../statistics.ts';
import { type Env, post, type TestService, waitForCallbacks, withTestService } from './test-service.ts';

export interface MemoryResult {
  readonly bakes: number;
  readonly done: number;
  /** Resident MiB of the service's own process after the first bakes, and after all; NaN where there is no /proc. */
  readonly early: number;
  readonly late: number;
  /** MiB after every group of bakes. */
  readonly course: readonly number[];
}

const TAPE = { scene: 'sprites', width: 128, height: 96, seconds: 2, sound: true } as const;
const AT_ONCE = 10;
const SETTLE_MS = 2000;
const SAMPLES = 5;

/** Measures the memory of the service over `bakes` bakes in a row, every `first` of them. */
export async function memory(
  bakes: number,
  first: number,
  { settleMs = SETTLE_MS, env: more = {} }: { settleMs?: number; env?: Env } = {},
): Promise<MemoryResult> {
  const env = { ...more, CONCURRENCY: '2', MAX_QUEUED: '1000' };
  return withTestService({ small: TAPE }, env, async (testService) => {
    const course: number[] = [];
    let done = 0;
    while (done < bakes) {
      const count = Math.min(first, bakes - done);
      await bakeMany(testService, done, count);
      done += count;
      course.push(await residentMiB(testService.oven.pid, settleMs));
    }
    return { bakes, done, early: course[0]!, late: course.at(-1)!, course };
  });
}

async function bakeMany(testService: TestService, from: number, count: number): Promise<void> {
  for (let n = 0; n < count; n += AT_ONCE) {
    const slugs = Array.from({ length: Math.min(AT_ONCE, count - n) }, (_, k) => `row-${from + n + k}`);
    await Promise.all(slugs.map((slug) => post(testService, 'small', slug)));
    const calls = await waitForCallbacks(testService, slugs, 300);
    const failed = calls.find(({ mp4Url }) => mp4Url === undefined);
    if (failed) throw new Error(`${failed.slug} failed: ${failed.error?.code}`);
  }
}

/** The median of some samples, taken after a time for garbage collection. */
async function residentMiB(pid: number, settleMs: number): Promise<number> {
  const samples: number[] = [];
  for (let n = 0; n < SAMPLES; n++) {
    await delay(settleMs / SAMPLES);
    const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
    samples.push(fieldKiB(status, 'VmRSS') / 1024 || Number.NaN);
  }
  return median(samples);
}
