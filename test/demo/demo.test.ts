import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';

const DEMO = fileURLToPath(new URL('../../scripts/demo.ts', import.meta.url));
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oven-demo-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** The demo with a folder of its own for everything it leaves or should not leave. */
function start(...args: string[]) {
  return execa(process.execPath, [DEMO, '--out', join(folder, 'videos'), ...args], {
    env: { TMPDIR: folder },
    stdin: 'ignore',
    all: true,
    reject: false,
    forceKillAfterDelay: 30_000,
  });
}

test('npm run demo -- --once bakes three tapes, verifies every callback, and leaves only the videos', async () => {
  const { exitCode, all } = await start('--once');
  expect([exitCode, all]).toEqual([0, expect.stringContaining('Dashboard: http://127.0.0.1:')]);
  expect(all.match(/, callback verified {2}http:/g)).toHaveLength(3);
  expect(await readdir(folder)).toEqual(['videos']);
  const files = (await readdir(join(folder, 'videos', 'tapes'))).filter((name) => !name.startsWith('.'));
  expect(files.map((name) => name.replace(/^.*\d{3}(?=[.-])/, '')).sort()).toEqual([
    '-thumb.jpg',
    '-thumb.jpg',
    '-thumb.jpg',
    '.mp4',
    '.mp4',
    '.mp4',
  ]);
}, 180_000);

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s in the middle leaves nothing behind',
  async (signal) => {
    const demo = start();
    let url = '';
    let isAsked = false;
    for await (const line of demo.iterable({ from: 'stdout' })) {
      url = /^Dashboard: (\S+)/.exec(line)?.[1] ?? url;
      if (url && !isAsked) isAsked = demo.kill(signal);
    }
    const { exitCode } = await demo;
    expect(exitCode).toBe(signal === 'SIGTERM' ? 143 : 130);
    await expect(fetch(url)).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['videos']);
  },
  120_000,
);
