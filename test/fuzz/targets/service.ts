import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { treeMemory } from '../../../bench/memory.ts';
import { ERRORS, type ErrorCode } from '../../../service/errors.ts';
import { type Call, readCall } from '../../crash/outside.ts';
import { freePort } from '../../rig/port.ts';
import { startRedis } from '../../rig/redis.ts';
import { startServiceProcess } from '../../rig/service-process.ts';
import { until } from '../../rig/until.ts';
import { mutateTape } from '../mutate/tape.ts';
import { Finding, type Target } from '../target.ts';

const SECRET = 'the secret of the fuzzer';
/** MiB that the service may use with all its children while it bakes one tape. */
const TREE_MIB = 400;

/** Sends tapes to a running service that bakes one at a time, and waits for their callbacks. */
export const target: Target = {
  deadlineMs: 300_000,
  lanes: 3,
  alone: true,
  make: mutateTape,
  open: async () => {
    const root = await mkdtemp(join(tmpdir(), 'oven-fuzz-'));
    for (const name of ['art', 'blobs', 'temp']) await mkdir(join(root, name));
    const redis = await startRedis();
    const [tapes, calls] = [new Map<string, Buffer>(), new Map<string, Call>()];
    const outside = createServer(async (request, response) => {
      const tape = tapes.get(request.url!);
      if (request.method === 'GET') return response.writeHead(tape ? 200 : 404).end(tape);
      const call = await readCall(request, SECRET);
      calls.set(call.slug, call);
      response.end();
    });
    await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(outside.address() as AddressInfo).port}`;
    const url = `http://127.0.0.1:${await freePort()}`;
    const log: string[] = [];
    const service = startServiceProcess(
      {
        PATH: process.env.PATH,
        HOST: '127.0.0.1',
        PORT: new URL(url).port,
        METRICS_PORT: '0',
        MIN_FREE_MB: '0',
        CONCURRENCY: '1',
        REDIS_URL: redis.url,
        TEMP_DIR: join(root, 'temp'),
        CALLBACK_SECRET: SECRET,
        ART_SPACES_ENDPOINT: `file://${root}/art`,
        AT_BLOBS_SPACES_ENDPOINT: `file://${root}/blobs`,
        ALLOWED_SOURCES: origin,
        ALLOWED_CALLBACKS: origin,
        LOG_LEVEL: 'error',
      },
      (line) => void log.push(line),
    );
    let hasEnded = false;
    void service.ended.then(() => {
      hasEnded = true;
    });
    await until('the service answers', async () => (await fetch(`${url}/health`)).ok, 60);
    const stop = new AbortController();
    const watched = watch(url, service.pid, stop.signal);
    let count = 0;
    return {
      run: async (input) => {
        const slug = `fuzz${count++}`;
        tapes.set(`/${slug}.zip`, input);
        const body = {
          mongoId: `id-${slug}`,
          slug,
          zipUrl: `${origin}/${slug}.zip`,
          callbackUrl: `${origin}/hook`,
          callbackSecret: SECRET,
        };
        const headers = { 'content-type': 'application/json' };
        const { status } = await fetch(`${url}/bake`, {
          method: 'POST',
          headers,
          body: JSON.stringify(body),
        });
        if (status !== 202) throw new Finding(`POST /bake answered ${status}`);
        while (!calls.has(slug)) {
          if (hasEnded) throw new Finding(`the service has ended: ${log.slice(-3).join('\n')}`);
          await delay(50);
        }
        tapes.delete(`/${slug}.zip`);
        const code = calls.get(slug)!.error?.code;
        calls.delete(slug);
        if (code === undefined) return 'baked';
        if (ERRORS[code as ErrorCode]?.fault !== 'tape') throw new Finding(`failed with ${code}`);
        return code;
      },
      close: async () => {
        stop.abort();
        const { worstMs, answers, peakMiB, peak, unhealthy } = await watched;
        const left = await readdir(join(root, 'temp'));
        await service.stop('SIGTERM');
        outside.closeAllConnections();
        outside.close();
        await redis.stop();
        await rm(root, { recursive: true });
        const figures = [
          `the process tree had ${peakMiB.toFixed(0)} MiB at most: ${peak}`,
          `/health answered ${answers} times, at the latest after ${worstMs.toFixed(0)} ms`,
          ...[...unhealthy].map(([code, times]) => `/health said ${code} ${times} times`),
          `${left.length} folders left in TEMP_DIR`,
        ];
        if (peakMiB > TREE_MIB || left.length > 0) throw new Finding(figures.join('; '));
        return figures;
      },
    };
  },
};

const SAMPLE_MS = 40;

/** Asks /health over and over, and samples the memory of the service's process tree meanwhile. */
async function watch(url: string, pid: number, signal: AbortSignal) {
  const seen = { worstMs: 0, answers: 0, peakMiB: 0, peak: '', unhealthy: new Map<string, number>() };
  const sample = async () => {
    while (!signal.aborted) {
      const tree = treeMemory(pid);
      const all = tree.reduce((sum, { pssMiB }) => sum + pssMiB, 0);
      if (all > seen.peakMiB) {
        seen.peakMiB = all;
        seen.peak = tree.map(({ name, pssMiB }) => `${name} ${pssMiB.toFixed(0)}`).join(', ');
      }
      await delay(SAMPLE_MS);
    }
  };
  const ask = async () => {
    while (!signal.aborted) {
      const began = performance.now();
      const reasons = await fetch(`${url}/health`).then(
        async (answer) => ((await answer.json()) as { reasons?: readonly { code: string }[] }).reasons ?? [],
        (error: Error) => [{ code: `no answer: ${error.message}` }],
      );
      for (const { code } of reasons) seen.unhealthy.set(code, (seen.unhealthy.get(code) ?? 0) + 1);
      seen.worstMs = Math.max(seen.worstMs, performance.now() - began);
      seen.answers += 1;
      await delay(100);
    }
  };
  await Promise.all([sample(), ask()]);
  return seen;
}
