import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { TapeSpec } from '../../test/tapes/make.ts';
import { median } from '../statistics.ts';
import {
  type Env,
  post,
  statusOf,
  type TestService,
  waitForCallbacks,
  withTestService,
} from './test-service.ts';

export interface ThroughputResult {
  /** Bakes a minute of each round. */
  readonly service: readonly number[];
  readonly alone: readonly number[];
  /** The service's rate divided by that of `oven bake`: the median over the rounds. */
  readonly ratio: number;
}

const OVEN = fileURLToPath(new URL('../../bin/oven.js', import.meta.url));
const TAPE: TapeSpec = { scene: 'wire', width: 640, height: 480, seconds: 8 };

/** Measures bakes a minute, two at a time, through the service and by `oven bake` alone, in turn. */
export async function throughput(
  rounds: number,
  bakes: number,
  { tape = TAPE, env = {} }: { tape?: TapeSpec; env?: Env } = {},
): Promise<ThroughputResult> {
  return withTestService(
    { tape },
    { ...env, CONCURRENCY: '2', MAX_QUEUED: '100000' },
    async (testService) => {
      const service: number[] = [];
      const alone: number[] = [];
      await throughService(testService, 'warm', 2);
      for (let round = 0; round < rounds; round++) {
        alone.push(await byCommand(testService.tapes.tape!, bakes));
        service.push(await throughService(testService, `round-${round}`, bakes));
      }
      return { service, alone, ratio: median(service.map((rate, n) => rate / alone[n]!)) };
    },
  );
}

/** The rate by the service's own times, from the first bake's start to the last one's end, with fetching and storing. */
async function throughService(testService: TestService, name: string, bakes: number): Promise<number> {
  const slugs = Array.from({ length: bakes }, (_, n) => `${name}-${n}`);
  const posted = await Promise.all(slugs.map((slug) => post(testService, 'tape', slug)));
  const calls = await waitForCallbacks(testService, slugs, 60 * bakes);
  const failed = calls.find(({ mp4Url }) => mp4Url === undefined);
  if (failed) throw new Error(`${failed.slug} failed: ${failed.error?.code}`);
  const reports = await Promise.all(posted.map(({ jobId }) => statusOf(testService, jobId!)));
  const started = Math.min(...reports.map(({ timings }) => timings.startedAt!));
  const finished = Math.max(...reports.map(({ timings }) => timings.finishedAt!));
  return bakes / ((finished - started) / 60_000);
}

async function byCommand(tape: string, bakes: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-alone-'));
  try {
    let left = bakes;
    const started = performance.now();
    const lane = async () => {
      while (left-- > 0) {
        const out = join(folder, `${left}`);
        await execa(process.execPath, [OVEN, 'bake', tape, '--out', out, '--json'], {
          env: { TEMP_DIR: folder },
          stdin: 'ignore',
        });
      }
    };
    await Promise.all([lane(), lane()]);
    return bakes / ((performance.now() - started) / 60_000);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
