import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Scratch, scratch } from '../bake/scratch.ts';
import { startOven } from './oven.ts';

let folders: Scratch;
let preload: string;
beforeAll(async () => {
  folders = await scratch();
  preload = join(folders.root, 'preload.mjs');
  await writeFile(
    preload,
    `import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
registerHooks({
  load(url, context, next) {
    appendFileSync(process.env.LOADED, url + '\\n');
    return next(url, context);
  },
});`,
  );
});
afterAll(() => folders.remove());

/** The URLs of all modules that a run of `oven` loads, one a line. */
async function loadedBy(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const file = join(folders.root, 'loaded');
  await rm(file, { force: true });
  const NODE_OPTIONS = `--import ${pathToFileURL(preload)}`;
  await startOven(folders, args, { env: { NODE_OPTIONS, LOADED: file, ...env } });
  return readFile(file, 'utf8');
}

const HEAVY = /\/(sharp|bullmq|ioredis|hono|@aws-sdk|pino|undici|execa|zod|unzipper)\//;

it.each([[['--help']], [['bake', '--help']], [['drain', '--help']]])(
  'oven with %j loads the command line alone',
  async (args) => {
    expect(await loadedBy(args)).not.toMatch(HEAVY);
  },
);

it('A command for a service loads nothing of a bake or of the service', async () => {
  const loaded = await loadedBy(['status', 'x'], { OVEN_URL: 'http://127.0.0.1:9' });
  expect(loaded).toContain('/bin/service-run.ts');
  expect(loaded).not.toMatch(HEAVY);
});

it('oven bake loads nothing of the service, nor what takes longer to load than a tape to open', async () => {
  const loaded = await loadedBy(['bake', 'none.zip']);
  expect(loaded).toContain('/service/bake/bake.ts');
  expect(loaded).not.toMatch(
    /\/(bullmq|ioredis|hono|@aws-sdk|pino|undici|execa|bluebird|zod)\/|\/service\/(http|queue|storage|callback|fetch)\//,
  );
});
