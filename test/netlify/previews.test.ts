import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { noMongo } from './rig/mongo.ts';
import { noPds } from './rig/pds.ts';
import { callbackOf, someMp4, startWorld, TOKEN, USER, type World } from './rig/world.ts';

const why = noMongo() ?? noPds();

describe.skipIf(why)(`previews: publish false${why ? ` (skipped: ${why})` : ''}`, () => {
  let world: World;
  let count = 0;
  let slug = '';
  beforeAll(async () => {
    world = await startWorld();
  }, 120_000);
  afterAll(() => world?.stop());
  beforeEach(() => {
    count += 1;
    slug = `2026.01.01.10.00.00.${String(count).padStart(3, '0')}`;
    world.storage.files.set(`/user/${USER}/${slug}.zip`, { bytes: new Uint8Array(10) });
    world.oven.orders.length = 0;
    world.pds.front.fault = () => 'none';
  });
  const send = async (fields: object = {}) =>
    (await (await world.track({ body: { slug, ...fields }, token: TOKEN })).json()) as { tapeId: string };
  const deliver = async (id: string, callback: object) =>
    (await (await world.deliver(callback, { id })).json()) as { status?: string };
  const records = async (name = slug, did = world.user.did) =>
    (await world.pds.records(did)).filter(({ value }) => value.slug === name);

  test('A preview is linked without a record, and publishing it later makes the record once', async () => {
    const { tapeId } = await send({ publish: false });
    expect(world.oven.orders).toMatchObject([{ publish: false }]);
    const callback = callbackOf(world, tapeId, slug, someMp4());
    expect(await deliver('p', { ...callback, publish: false })).toEqual({ status: 'not-published' });
    expect(await world.find(slug)).toMatchObject({ mp4Status: 'complete', mp4Url: callback.mp4Url });
    expect(await records()).toEqual([]);
    await send({ publish: false });
    expect(world.oven.orders.length).toBe(1);

    await send();
    expect(world.oven.orders.map(({ publish }) => publish)).toEqual([false, undefined]);
    expect(await deliver('q', callback)).toEqual({ status: 'complete' });
    await send();
    expect(await deliver('q', callback)).toEqual({ status: 'complete' });
    expect(await deliver('p', { ...callback, publish: false })).toEqual({ status: 'superseded' });
    expect((await records()).map(({ uri }) => uri)).toEqual([(await world.find(slug)).at?.uri]);
    expect(world.oven.orders.length).toBe(2);
  });

  test('A preview that is to be published while Oven is down is due for the scheduled function', async () => {
    const { tapeId } = await send({ publish: false });
    await deliver('p', { ...callbackOf(world, tapeId, slug, someMp4()), publish: false });
    world.oven.answer = () => ({ status: 503 });
    await send();
    world.oven.answer = () => ({ status: 202, body: { jobId: 'job-1' } });
    await world.tapes.updateOne({ slug }, { $set: { 'oven.sync.nextAt': new Date(0) } });
    expect(await world.retry()).toMatchObject({ submitted: 1 });
  });

  test('A preview’s callback that comes late does not end the publishing of an earlier bake', async () => {
    const { tapeId } = await send();
    const callback = callbackOf(world, tapeId, slug, someMp4());
    world.pds.front.fault = () => 'down';
    await deliver('q', callback);
    expect(await deliver('p', { ...callback, publish: false })).toEqual({ status: 'pending' });
    world.pds.front.fault = () => 'none';
    const { sync } = (await world.find(slug)).oven ?? {};
    expect(sync).toMatchObject({ status: 'pending', nextAt: expect.any(Date) });
    await world.tapes.updateOne({ slug }, { $set: { 'oven.sync.nextAt': new Date(0) } });
    expect(await world.retry()).toMatchObject({ submitted: 1 });
    expect(await deliver('r', callback)).toEqual({ status: 'complete' });
    expect((await records()).length).toBe(1);
  });

  test('A preview of a published tape leaves its record as it is', async () => {
    const { tapeId } = await send();
    await deliver('q', callbackOf(world, tapeId, slug, someMp4()));
    const before = await records();
    const again = callbackOf(world, tapeId, slug, someMp4());
    expect(await deliver('p', { ...again, publish: false })).toEqual({ status: 'not-published' });
    expect(await records()).toEqual(before);
  });

  test('A guest publishes a preview that was asked for, and none that the operator made of an old tape', async () => {
    const asks = async (name: string, fields: object) => {
      world.storage.files.set(`/art/${name}.zip`, { bytes: new Uint8Array(10) });
      await world.track({ body: { slug: name, ...fields } });
    };
    await asks('previewA', { publish: false });
    await asks('previewA', {});
    expect((await world.find('previewA')).oven?.publish).toBeUndefined();
    await asks('previewB', { publish: false });
    await world.tapes.updateOne({ slug: 'previewB' }, { $set: { 'oven.adoptedBy': 'operator' } });
    await asks('previewB', {});
    expect((await world.find('previewB')).oven?.publish).toBe(false);
  });

  test('Guests’ tapes belong to the site’s own account for them when the environment names none', async () => {
    const own = await world.pds.addAccount('art-guest-own.test');
    const users = world.mongo.db.collection<{ _id: string; atproto: object }>('users');
    await users.insertOne({ _id: 'art-guest', atproto: { did: own.did, password: own.password } });
    const services = await world.reopen({ guest: undefined });
    world.storage.files.set('/art/ownGuest.zip', { bytes: new Uint8Array(10) });
    const tracked = await world.track({ body: { slug: 'ownGuest' } });
    const { tapeId, code } = (await tracked.json()) as { tapeId: string; code: string };
    await world.deliver(callbackOf(world, tapeId, 'ownGuest', someMp4()), { services });
    expect(await records('ownGuest', world.guest.did)).toEqual([]);
    const [record] = await records('ownGuest', own.did);
    expect(record?.value).toMatchObject({ acUrl: `https://aesthetic.computer/!${code}` });
  });
});
