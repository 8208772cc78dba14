import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUDGET_BYTES, type Bundle, buildFunctions } from '../../netlify/build.ts';
import { until } from '../rig/until.ts';
import { environment, type FunctionsRig, startFunctions } from './rig/functions.ts';
import { noMongo } from './rig/mongo.ts';
import { noPds } from './rig/pds.ts';
import { signed } from './rig/sign.ts';
import { bakedTape, SECRET, startWorld, type World } from './rig/world.ts';

const PUT = '/xrpc/com.atproto.repo.putRecord';
const UPLOAD = '/xrpc/com.atproto.repo.uploadBlob';
let folder = '';
let bundles: readonly Bundle[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oven-functions-'));
  bundles = await buildFunctions(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('bundles', () => {
  test('All four functions have a bundle within the budget', () => {
    expect(bundles.map(({ name }) => name)).toEqual([
      'forget-tapes',
      'retry-stuck-tapes',
      'tape-bake-complete',
      'track-media',
    ]);
    for (const { name, bytes } of bundles) {
      console.log(`${name}: ${(bytes / 1024 / 1024).toFixed(2)} MB`);
      expect(bytes).toBeGreaterThan(10_000);
      expect(bytes).toBeLessThan(BUDGET_BYTES);
    }
  });

  test('A bundle exports a handler, and a source none, because Netlify would then ignore its config', () => {
    for (const { name, exports } of bundles) {
      expect([...exports].sort()).toEqual(['config', 'default', 'handler']);
      const source = readFileSync(join(import.meta.dirname, `../../netlify/functions/${name}.ts`), 'utf8');
      const exported = [...source.matchAll(/^export (default|const \w+)/gm)].map(([, what]) => what);
      expect(exported).toEqual(['default', 'const config']);
    }
  });

  test('docs/express.md quotes the server of the end-to-end test', () => {
    const root = join(import.meta.dirname, '../..');
    const plain = (file: string) => readFileSync(join(root, file), 'utf8').replaceAll(/\s+/g, ' ');
    const [mount = ''] = plain('docs/express.md').split('## The schedule');
    const quotes = [...mount.matchAll(/```ts (.*?) ```/g)].map(([, code]) => code);
    expect(quotes.length).toBe(2);
    for (const code of quotes) expect(plain('test/netlify/rig/express-server.ts')).toContain(code);
  });

  test('No bundle contains a video encoder or the service', () => {
    const all = bundles.flatMap(({ packages }) => packages);
    expect(all).toContain('mongodb');
    for (const heavy of ['sharp', 'ffmpeg-static', 'ffprobe-static', 'bullmq', 'hono', 'express']) {
      expect(all).not.toContain(heavy);
    }
  });

  test('A bundle names the variables that its environment lacks', async () => {
    const rig = await startFunctions(
      { PDS_URL: 'ftp://x', MONGODB_NAME: 'x' },
      { files: bundles.map(({ file }) => file) },
    );
    const answer = await rig.track({ slug: 'aaaaaaaa' });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      error: {
        code: 'NOT_CONFIGURED',
        message: expect.stringMatching(/MONGODB_CONNECTION_STRING, PDS_URL\.$/),
      },
    });
    await rig.kill();
  });
});

const why = noMongo() ?? noPds();
describe.skipIf(why)(`bundles at work${why ? ` (skipped: ${why})` : ''}`, () => {
  let world: World;
  const running: FunctionsRig[] = [];
  const start = async (changes: Record<string, string> = {}) => {
    const rig = await startFunctions(environment(world, changes), { files: bundles.map(({ file }) => file) });
    running.push(rig);
    return rig;
  };
  beforeAll(async () => {
    world = await startWorld();
  }, 120_000);
  afterAll(async () => {
    for (const rig of running) await rig.kill();
    await world?.stop();
  });
  const post = (rig: FunctionsRig, callback: object) => {
    const body = JSON.stringify(callback);
    const headers = signed(body, { id: 'bake-1', secrets: [SECRET] });
    return fetch(`${rig.url}/api/tape-bake-complete`, { method: 'POST', body, headers });
  };

  test('The bundles take a tape and publish it', async () => {
    const rig = await start();
    world.storage.files.set('/art/bundled1.zip', { bytes: new Uint8Array(10) });
    expect((await rig.track({ slug: 'bundled1', ext: 'zip' })).status).toBe(200);
    const { callback } = await bakedTape(world, 'bundled1');
    expect((await post(rig, callback)).status).toBe(200);
    expect((await world.find('bundled1')).oven?.sync?.status).toBe('complete');
    expect((await rig.retry()).status).toBe(200);
    expect(rig.logs.join('\n')).not.toContain(SECRET);
  });

  test.each([UPLOAD, PUT])(
    'When a function is killed during %s, another one continues after the lease has ended',
    async (moment) => {
      const slug = moment === PUT ? 'killed-2' : 'killed-1';
      const { callback } = await bakedTape(world, slug);
      const first = await start();
      world.pds.front.seen.length = 0;
      world.pds.front.fault = (path) => (path === moment ? 'hang' : 'none');
      const lost = post(first, callback).catch(() => undefined);
      await until('it is there', () => world.pds.front.seen.includes(moment));
      await first.kill();
      await lost;
      world.pds.front.fault = () => 'none';
      expect((await world.find(slug)).oven?.lease).toBeDefined();
      const second = await start();
      // In place of waiting: the lease has ended just now.
      await world.tapes.updateOne({ slug }, { $set: { 'oven.lease.until': new Date() } });
      const answer = await post(second, callback);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual({ status: 'complete' });
      const records = await world.pds.records(world.guest.did);
      expect(records.filter(({ value }) => value.slug === slug).length).toBe(1);
      expect((await world.find(slug)).oven?.lease).toBeUndefined();
      const uploads = world.pds.front.seen.filter((path) => path === UPLOAD).length;
      expect(uploads).toBe(moment === PUT ? 1 : 2);
    },
  );
});
