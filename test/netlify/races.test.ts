import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { noMongo } from './rig/mongo.ts';
import { noPds } from './rig/pds.ts';
import { bakedTape, callbackOf, someMp4, startWorld, type World } from './rig/world.ts';

const why = noMongo() ?? noPds();
const UPLOAD = '/xrpc/com.atproto.repo.uploadBlob';
const PUT = '/xrpc/com.atproto.repo.putRecord';
const nobody = () => {};

describe.skipIf(why)(`deliveries that meet${why ? ` (skipped: ${why})` : ''}`, () => {
  let world: World;
  let count = 0;
  let slug = '';
  beforeAll(async () => {
    world = await startWorld();
  }, 120_000);
  afterAll(() => world?.stop());
  beforeEach(() => {
    count += 1;
    slug = `race-${String(count).padStart(3, '0')}`;
    world.oven.purged.length = 0;
  });
  afterEach(() => {
    world.pds.front.fault = () => 'none';
    world.pds.front.after = nobody;
    world.pds.front.seen.length = 0;
  });
  const recordsOf = async (name: string) => {
    const records = await world.pds.records(world.guest.did);
    return records.filter(({ value }) => value.slug === name);
  };
  const videoOf = (value: Record<string, unknown> | undefined) =>
    String((value?.video as { ref: { toString(): string } } | undefined)?.ref);
  const blobsNow = () => world.pds.blobs(world.guest.did);

  test('Five callbacks at once and five more after them make one record, one blob and one state', async () => {
    const { callback, mp4 } = await bakedTape(world, slug);
    const before = await blobsNow();
    const first = await Promise.all(Array.from({ length: 5 }, () => world.deliver(callback)));
    const statuses = first.map(({ status }) => status).sort();
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(1);
    expect(statuses.every((status) => status === 200 || status === 503)).toBe(true);
    const state = await world.find(slug);
    for (const answer of await Promise.all(Array.from({ length: 5 }, () => world.deliver(callback)))) {
      expect(answer.status).toBe(200);
    }
    expect(await world.find(slug)).toEqual(state);
    const records = await recordsOf(slug);
    expect(records.length).toBe(1);
    expect((await blobsNow()).length).toBe(before.length + 1);
    expect(world.pds.front.seen.filter((path) => path === UPLOAD).length).toBe(1);
    const blob = await world.pds.blob(world.guest.did, videoOf(records[0]?.value));
    expect(Buffer.from(blob).equals(Buffer.from(mp4))).toBe(true);
  });

  test('The MP4 of a second bake updates the record, and a late callback of the first changes nothing', async () => {
    const old = await bakedTape(world, slug);
    expect((await world.deliver(old.callback, { id: 'bake-1' })).status).toBe(200);
    const before = await world.find(slug);
    const newer = someMp4(50_000);
    const callback = callbackOf(world, old.callback.mongoId, slug, newer);
    expect((await world.deliver(callback, { id: 'bake-2' })).status).toBe(200);
    const late = await world.deliver(old.callback, { id: 'bake-1' });
    expect(await late.json()).toEqual({ status: 'superseded' });
    const [record, ...more] = await recordsOf(slug);
    expect(more).toEqual([]);
    const blob = await world.pds.blob(world.guest.did, videoOf(record?.value));
    expect(Buffer.from(blob).equals(Buffer.from(newer))).toBe(true);
    const after = await world.find(slug);
    expect(after.at?.rkey).toBe(before.at?.rkey);
    expect(after.at?.cid).toBe(record?.cid);
    expect(after.at?.cid).not.toBe(before.at?.cid);
  });

  test('A late callback of a first bake is refused after the second bake’s, and the state stays', async () => {
    const old = await bakedTape(world, slug);
    const callback = callbackOf(world, old.callback.mongoId, slug, someMp4(50_000));
    expect((await world.deliver(callback, { id: 'bake-2' })).status).toBe(200);
    const state = await world.find(slug);
    expect((await world.deliver(old.callback, { id: 'bake-1' })).status).toBe(503);
    expect(await world.find(slug)).toEqual(state);
  });

  test('After a deadline the next delivery continues at the checkpoint', async () => {
    const { callback } = await bakedTape(world, slug);
    world.pds.front.fault = (path) => (path === PUT ? 'hang' : 'none');
    const answer = await world.deliver(callback, { seconds: 3 });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: { code: 'TIME_UP' } });
    const half = await world.find(slug);
    expect(half).toMatchObject({
      mp4Status: 'complete',
      mp4Url: callback.mp4Url,
      oven: { sync: { status: 'pending', blob: { size: callback.bytes }, error: { code: 'TIME_UP' } } },
    });
    expect(half.oven?.lease).toBeUndefined();
    world.pds.front.fault = () => 'none';
    world.pds.front.seen.length = 0;
    expect((await world.deliver(callback)).status).toBe(200);
    expect(world.pds.front.seen).not.toContain(UPLOAD);
    expect((await recordsOf(slug)).length).toBe(1);
    expect((await world.find(slug)).oven?.sync).not.toHaveProperty('error');
  });

  test('A killed function holds the tape until its lease ends, and no longer', async () => {
    const { callback } = await bakedTape(world, slug);
    const lease = (until: number) => ({
      $set: { 'oven.lease': { owner: 'killed', until: new Date(until) } },
    });
    await world.tapes.updateOne({ slug }, lease(Date.now() + 20_000));
    const busy = await world.deliver(callback);
    expect(busy.status).toBe(503);
    expect(busy.headers.get('retry-after')).toBe('10');
    await world.tapes.updateOne({ slug }, lease(Date.now() - 1));
    expect((await world.deliver(callback)).status).toBe(200);
  });

  test('A function that lost its lease writes nothing more', async () => {
    const { callback } = await bakedTape(world, slug);
    const lease = { owner: 'another', until: new Date(Date.now() + 60_000) };
    world.pds.front.after = async (path) => {
      if (path === UPLOAD) await world.tapes.updateOne({ slug }, { $set: { 'oven.lease': lease } });
    };
    const answer = await world.deliver(callback);
    expect(await answer.json()).toMatchObject({ error: { code: 'LEASE_LOST' } });
    expect(await recordsOf(slug)).toEqual([]);
    expect((await world.find(slug)).oven?.lease).toEqual(lease);
  });

  test('A delayed write of a record can’t undo a later one', async () => {
    const old = await bakedTape(world, slug);
    const newer = someMp4(50_000);
    let late: Promise<Response> | undefined;
    // The first has read that there is no record; before it writes one, its lease ends and another delivery is done.
    world.pds.front.fault = () => 'none';
    world.pds.front.after = async (path) => {
      if (path !== '/xrpc/com.atproto.repo.getRecord' || late) return;
      late = (async () => {
        await world.tapes.updateOne({ slug }, { $unset: { 'oven.lease': '' } });
        const callback = callbackOf(world, old.callback.mongoId, slug, newer);
        return world.deliver(callback, { id: 'bake-2' });
      })();
      await late;
    };
    const first = await world.deliver(old.callback, { id: 'bake-1' });
    expect((await late)?.status).toBe(200);
    expect(first.status).toBe(503);
    const [record, ...more] = await recordsOf(slug);
    expect(more).toEqual([]);
    expect(record?.cid).toBe((await world.find(slug)).at?.cid);
    const blob = await world.pds.blob(world.guest.did, videoOf(record?.value));
    expect(Buffer.from(blob).equals(Buffer.from(newer))).toBe(true);
  });

  test('Two tapes with one slug have a record each', async () => {
    const a = await bakedTape(world, slug);
    const { tape: b } = await world.services.tapes.add({ slug, bucket: 'x', user: 'auth0|somebody' });
    expect((await world.deliver(a.callback, { id: 'a' })).status).toBe(200);
    const callback = callbackOf(world, b._id.toHexString(), slug, someMp4());
    expect((await world.deliver(callback, { id: 'b' })).status).toBe(200);
    const users = await world.pds.records(world.user.did);
    expect(users.filter(({ value }) => value.slug === slug).map(({ value }) => value.ref)).toEqual([
      callback.mongoId,
    ]);
    expect((await recordsOf(slug)).map(({ value }) => value.ref)).toEqual([a.callback.mongoId]);
  });

  describe('a nuked tape is not published', () => {
    const purgedOf = () => world.oven.purged.filter((line) => line.startsWith(`/tapes/${slug}?`));

    test('A tape that was nuked before its callback is not published', async () => {
      const { callback } = await bakedTape(world, slug);
      await world.tapes.updateOne({ slug }, { $set: { nuked: true } });
      expect(await (await world.deliver(callback)).json()).toEqual({ status: 'nuked' });
      expect(purgedOf().length).toBe(1);
      expect(await recordsOf(slug)).toEqual([]);
      const tape = await world.find(slug);
      expect(tape.mp4Url).toBeUndefined();
      expect(tape.oven?.purge).toMatchObject({ done: true });
    });

    test.each([UPLOAD, PUT])('A tape that is nuked during %s is not published', async (moment) => {
      const { callback } = await bakedTape(world, slug);
      world.pds.front.after = async (path) => {
        if (path === moment) await world.tapes.updateOne({ slug }, { $set: { nuked: true } });
      };
      expect(await (await world.deliver(callback)).json()).toEqual({ status: 'nuked' });
      expect(purgedOf().length).toBe(1);
      expect(await recordsOf(slug)).toEqual([]);
      expect(await world.find(slug)).toMatchObject({ oven: { purge: { done: true } } });
    });

    test('A nuked tape is purged later when Oven can’t do it now', async () => {
      const { callback } = await bakedTape(world, slug);
      await world.deliver(callback);
      world.oven.purgeStatus = 503;
      await world.tapes.updateOne({ slug }, { $set: { nuked: true } });
      const answer = await world.deliver(callback);
      expect(answer.status).toBe(503);
      expect(await world.find(slug)).toMatchObject({ oven: { purge: { done: false } } });
      world.oven.purgeStatus = 200;
      expect(await world.retry()).toMatchObject({ purged: 1 });
      expect(await world.find(slug)).toMatchObject({ oven: { purge: { done: true } } });
      expect(await recordsOf(slug)).toEqual([]);
    });

    test('A purge names the tape to Oven, so that the files of another tape with its slug stay', async () => {
      const { callback } = await bakedTape(world, slug);
      await world.tapes.updateOne({ slug }, { $set: { nuked: true } });
      await world.deliver(callback);
      expect(purgedOf().map((line) => line.split(' ')[0])).toEqual([
        `/tapes/${slug}?mongoId=${callback.mongoId}&unowned=false`,
      ]);
    });
  });
});
