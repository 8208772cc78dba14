import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../rig/until.ts';
import type { Fault } from './rig/front.ts';
import { noMongo } from './rig/mongo.ts';
import { noPds } from './rig/pds.ts';
import { bakedTape, someMp4, startWorld, type World } from './rig/world.ts';

const why = noMongo() ?? noPds();
const UPLOAD = '/xrpc/com.atproto.repo.uploadBlob';
const PUT = '/xrpc/com.atproto.repo.putRecord';
const LOGIN = '/xrpc/com.atproto.server.createSession';
const REFRESH = '/xrpc/com.atproto.server.refreshSession';
const MB = 1024 * 1024;

describe.skipIf(why)(`a PDS that fails${why ? ` (skipped: ${why})` : ''}`, () => {
  let world: World;
  let count = 0;
  let slug = '';
  beforeAll(async () => {
    world = await startWorld();
  }, 120_000);
  afterAll(() => world?.stop());
  beforeEach(() => {
    count += 1;
    slug = `fault-${String(count).padStart(3, '0')}`;
    world.pds.front.seen.length = 0;
    world.oven.orders.length = 0;
  });
  afterEach(() => {
    world.pds.front.fault = () => 'none';
  });
  const fail = (fault: Fault, ...paths: string[]) => {
    world.pds.front.fault = (path) => (paths.length === 0 || paths.includes(path) ? fault : 'none');
  };
  const recordsOf = async () =>
    (await world.pds.records(world.guest.did)).filter(({ value }) => value.slug === slug);
  /** Makes the tape due, runs the scheduled function, and delivers the callback that Oven sends again. */
  const repair = async (callback: object) => {
    await world.tapes.updateOne({ slug }, { $set: { 'oven.sync.nextAt': new Date(0) } });
    world.oven.orders.length = 0;
    await world.retry();
    expect(world.oven.orders.map((order) => order.slug)).toContain(slug);
    return world.deliver(callback);
  };

  test.each<[string, Fault, string[], string, number]>([
    ['is down', 'down', [], 'PDS_UNREACHABLE', 25],
    ['is slow', 'hang', [UPLOAD], 'TIME_UP', 3],
    ['doesn’t even describe itself', 'hang', ['/xrpc/com.atproto.server.describeServer'], 'PDS_TIMEOUT', 25],
    ['answers 500', { status: 500 }, [UPLOAD], 'PDS_BUSY', 25],
    ['answers 502 to the record', { status: 502 }, [PUT], 'PDS_BUSY', 25],
    ['has had enough', { status: 429, headers: { 'retry-after': '77' } }, [UPLOAD], 'PDS_BUSY', 25],
    [
      'refuses the login',
      { status: 401, error: 'AuthenticationRequired' },
      [UPLOAD, LOGIN, REFRESH],
      'PDS_LOGIN',
      25,
    ],
    ['refuses the record', { status: 400, error: 'InvalidRequest' }, [PUT], 'PDS_REFUSED', 25],
  ])(
    'A PDS that %s leads to 503, a note in the document, and a later repair',
    async (_what, fault, paths, code, seconds) => {
      const { callback } = await bakedTape(world, slug);
      fail(fault, ...paths);
      const answer = await world.deliver(callback, { seconds });
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      if (code === 'PDS_BUSY' && paths[0] === UPLOAD && typeof fault === 'object' && fault.status === 429) {
        expect(answer.headers.get('retry-after')).toBe('77');
      }
      const tape = await world.find(slug);
      expect(tape).toMatchObject({
        mp4Status: 'complete',
        mp4Url: callback.mp4Url,
        oven: { sync: { status: 'pending', error: { code }, nextAt: expect.any(Date) } },
      });
      expect(tape.at).toBeUndefined();
      expect(tape.oven?.lease).toBeUndefined();
      world.pds.front.fault = () => 'none';
      expect((await repair(callback)).status).toBe(200);
      expect((await recordsOf()).length).toBe(1);
      expect(await world.find(slug)).toMatchObject({
        oven: { sync: { status: 'complete' } },
        at: { rkey: expect.any(String) },
      });
    },
  );

  test('An expired session is renewed, and a new login replaces one that can’t be renewed', async () => {
    await world.deliver((await bakedTape(world, `${slug}-0`)).callback); // logs in
    const { callback } = await bakedTape(world, slug);
    let refusals = 0;
    world.pds.front.fault = (path) => {
      if (path === REFRESH) return { status: 400, error: 'ExpiredToken' };
      if (path !== UPLOAD || refusals > 0) return 'none';
      refusals += 1;
      return { status: 400, error: 'ExpiredToken' };
    };
    world.pds.front.seen.length = 0;
    expect((await world.deliver(callback)).status).toBe(200);
    expect(world.pds.front.seen).toContain(REFRESH);
    expect(world.pds.front.seen.filter((path) => path === LOGIN).length).toBe(1);
    world.pds.front.seen.length = 0;
    refusals = 0;
    const second = await bakedTape(world, `${slug}-2`);
    // Tokens say the second they were made in: within it a renewed one is the same, and the library doesn't use it.
    const made = Date.now();
    await until('another second', () => Date.now() - made > 1000);
    world.pds.front.fault = (path) => {
      if (path !== UPLOAD || refusals > 0) return 'none';
      refusals += 1;
      return { status: 401, error: 'InvalidToken' };
    };
    expect((await world.deliver(second.callback)).status).toBe(200);
    expect(world.pds.front.seen).toContain(REFRESH);
    expect(world.pds.front.seen).not.toContain(LOGIN);
  });

  test('A warm function keeps its session at the PDS', async () => {
    const tapes = await Promise.all(['a', 'b', 'c'].map((name) => bakedTape(world, `${slug}-${name}`)));
    for (const { callback } of tapes) expect((await world.deliver(callback)).status).toBe(200);
    expect(world.pds.front.seen.filter((path) => path === LOGIN).length).toBeLessThanOrEqual(1);
  });

  test('A blob that the PDS has lost is uploaded again', async () => {
    const { callback } = await bakedTape(world, slug);
    fail({ status: 400, error: 'BlobNotFound' }, PUT);
    expect((await world.deliver(callback)).status).toBe(503);
    expect((await world.find(slug)).oven?.sync?.blob).toBeUndefined();
    world.pds.front.fault = () => 'none';
    expect((await world.deliver(callback)).status).toBe(200);
    expect((await recordsOf()).length).toBe(1);
  });

  test('A tape ends without a record, with its MP4 linked, when the PDS answers 413', async () => {
    const { callback } = await bakedTape(world, slug);
    fail({ status: 413, error: 'PayloadTooLarge' }, UPLOAD);
    const answer = await world.deliver(callback);
    expect({ status: answer.status, body: await answer.json() }).toEqual({
      status: 200,
      body: { status: 'too-large' },
    });
    expect(await world.find(slug)).toMatchObject({
      mp4Status: 'complete',
      mp4Url: callback.mp4Url,
      oven: { sync: { status: 'too-large', bytes: callback.bytes } },
    });
    // Not asked for again by itself; the callback replayed by hand repairs it.
    world.pds.front.fault = () => 'none';
    await world.tapes.updateOne({ slug }, { $set: { 'oven.sync.nextAt': new Date(0) } });
    world.oven.orders.length = 0;
    await world.retry();
    expect(world.oven.orders.map((order) => order.slug)).not.toContain(slug);
    expect((await world.deliver(callback)).status).toBe(200);
    expect((await recordsOf()).length).toBe(1);
  });

  test('A blob beyond the PDS’s limit is not sent, and is published after the limit is raised', async () => {
    await world.pds.restart(1 * MB);
    const { callback, mp4 } = await bakedTape(world, slug, someMp4(2 * MB));
    const answer = await world.deliver(callback);
    expect(await answer.json()).toEqual({ status: 'too-large' });
    expect(world.pds.front.seen).not.toContain(UPLOAD);
    expect((await world.find(slug)).oven?.sync).toMatchObject({
      status: 'too-large',
      limit: 1 * MB,
      bytes: 2 * MB,
    });
    await world.pds.restart(3 * MB);
    expect((await repair(callback)).status).toBe(200);
    const [record] = await recordsOf();
    const { ref } = record!.value.video as { ref: { toString(): string } };
    const blob = await world.pds.blob(world.guest.did, ref.toString());
    expect(Buffer.from(blob).equals(Buffer.from(mp4))).toBe(true);
  }, 120_000);
});
