/** The machine's clock is set by an hour while tapes and callbacks wait. */
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Backends, SECRET, startBackends } from '../http/test-service.ts';
import { startServiceProcess } from '../rig/service-process.ts';
import { until } from '../rig/until.ts';

/** The library by which a process sees another time; undefined where there is none. */
const library = (() => {
  try {
    return execFileSync('faketime', ['-m', '-f', '+0', 'printenv', 'LD_PRELOAD'], {
      encoding: 'utf8',
    }).trim();
  } catch {
    return undefined;
  }
})();

const title = `A clock that is set${library ? '' : ' (skipped: there is no faketime)'}`;

interface Line {
  readonly msg: string;
  readonly jobId?: string;
  readonly [field: string]: unknown;
}

describe.skipIf(library === undefined)(title, () => {
  let backends: Backends;
  beforeAll(async () => {
    backends = await startBackends({ CONCURRENCY: '3' });
    await mkdir(join(backends.root, 'bin'));
  });
  afterAll(() => backends?.close());

  it('Set back by an hour and forward again, it delays no callback and no bake that waits, and loses none that runs', async () => {
    const { root, env, body } = backends;
    const [clock, bin] = [join(root, 'clock'), join(root, 'bin')];
    await writeFile(clock, '+0');
    // The first encoder after each start of a step is killed, and the first callback is refused.
    const script = `#!/bin/sh
case "$*" in *tape-b-*) rmdir '${root}/kill' 2>/dev/null && kill -KILL $$ ;; esac
exec '${execFileSync('sh', ['-c', 'command -v ffmpeg'], { encoding: 'utf8' }).trim()}' "$@"
`;
    await writeFile(join(bin, 'ffmpeg'), script, { mode: 0o755 });
    const refused = new Set<string>();
    backends.receive = (path) => {
      const isFirst = path.startsWith('/refused') && !refused.has(path);
      refused.add(path);
      return isFirst ? 500 : 200;
    };
    const lines: Line[] = [];
    const faked = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    };
    const service = startServiceProcess({ ...env, ...faked, PATH: `${bin}:${env.PATH}` }, (line) => {
      lines.push(JSON.parse(line) as Line);
    });
    onTestFinished(() => void service.stop('SIGKILL'));
    const line = (msg: string, jobId?: string) =>
      until(`${msg} of ${jobId}`, () => lines.find((one) => one.msg === msg && one.jobId === jobId), 60);
    const { url } = await line('listening');
    const submit = async (tape: Record<string, unknown>) => {
      const answer = await fetch(`${url}/bake`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...tape, callbackSecret: SECRET, rebake: true }),
      });
      return ((await answer.json()) as { jobId: string }).jobId;
    };
    const receiver = new URL(String(body('a').callbackUrl)).origin;
    const running = await submit(backends.stalled('runs'));
    await line('bake started', running);
    const client = new Redis(backends.redis.socket);
    onTestFinished(() => client.disconnect());
    const lock = `oven:bakes:${running}:lock`;
    const token = await client.get(lock);

    for (const [step, to] of [
      ['back', '-1h'],
      ['forward', '+0'],
    ] as const) {
      await mkdir(join(root, 'kill'));
      const callbackUrl = `${receiver}/refused/${step}`;
      const callback = await submit(body('a', { outputs: [{ kind: 'thumbnail' }], callbackUrl }));
      await line('callback failed', callback);
      const bake = await submit(body('b', { outputs: [{ kind: 'mp4' }] }));
      await line('bake failed', bake);
      await writeFile(clock, to);
      // An hour late is more than a minute late.
      await Promise.all([line('callback delivered', callback), line('callback delivered', bake)]);
      let least = Number.POSITIVE_INFINITY;
      await until('the lock of the running bake is extended', async () => {
        const left = await client.pttl(lock);
        least = Math.min(least, left);
        return left > least + 1000;
      });
      expect(await client.get(lock)).toBe(token);
    }
    expect(lines.filter(({ msg }) => msg === 'job stalled')).toEqual([]);
    const setBack = lines.filter(({ msg }) => msg === 'the clock was set back');
    expect(setBack.map(({ seconds }) => seconds)).toEqual([3600]);
  }, 180_000);
});
