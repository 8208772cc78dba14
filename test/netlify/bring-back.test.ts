import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { noMongo } from './rig/mongo.ts';
import { noPds } from './rig/pds.ts';
import { bakedTape, someMp4, startWorld, TOKEN, USER, type World } from './rig/world.ts';

const why = noMongo() ?? noPds();
const UPLOAD = '/xrpc/com.atproto.repo.uploadBlob';
const PUT = '/xrpc/com.atproto.repo.putRecord';

describe.skipIf(why)(`a tape that comes back${why ? ` (skipped: ${why})` : ''}`, () => {
  let world: World;
  let count = 0;
  let slug = '';
  beforeAll(async () => {
    world = await startWorld();
  }, 120_000);
  afterAll(() => world?.stop());
  beforeEach(() => {
    count += 1;
    slug = `2026.03.02.10.00.00.${String(count).padStart(3, '0')}`;
  });
  afterEach(() => {
    world.pds.front.fault = () => 'none';
    world.oven.purgeStatus = 200;
  });
  const put = async (nuke: boolean) => {
    const answer = await world.track({ method: 'PUT', body: { slug, nuke }, token: TOKEN });
    return { status: answer.status, ...((await answer.json()) as Record<string, unknown>) };
  };
  const records = async () =>
    (await world.pds.records(world.user.did)).filter(({ value }) => value.slug === slug).length;

  /** A video that a device made, with its record. */
  const deviceVideo = async (bytes = 3000) => {
    const path = `/user/${USER}/${slug}.mp4`;
    world.storage.files.set(path, { bytes: someMp4(bytes) });
    const { callback } = await bakedTape(world, slug, someMp4(3000), TOKEN);
    await world.deliver(callback, { id: slug });
    const mp4Url = `${world.storage.url}${path}`;
    const device = { kind: 'mp4', source: 'ac-native', mp4Url };
    await world.tapes.updateOne({ slug }, { $set: device, $unset: { oven: '', thumbnailUrl: '' } });
    return mp4Url;
  };

  test('A tape that comes back without its ZIP has no video, says so, and is not retried', async () => {
    const { callback } = await bakedTape(world, slug, someMp4(3000), TOKEN);
    await world.deliver(callback, { id: slug });
    expect(await put(true)).toMatchObject({ purged: true, removed: ['record', 'files'], stays: ['zip'] });
    world.storage.files.delete(`/user/${USER}/${slug}.zip`);
    expect(await put(false)).toEqual({ status: 200, slug, nuked: false, video: 'gone' });
    expect(await world.find(slug)).toMatchObject({
      nuked: false,
      mp4Status: 'oven-failed',
      mp4Error: expect.stringContaining('ZIP is gone'),
    });
    await world.tapes.updateOne({ slug }, { $set: { 'oven.nextAt': new Date(0) } });
    expect(await world.retry()).toMatchObject({ submitted: 0, gaveUp: 0 });
  });

  test('A tape stays nuked during its purge', async () => {
    await bakedTape(world, slug, someMp4(3000), TOKEN);
    world.oven.purgeStatus = 503;
    expect(await put(true)).toMatchObject({ status: 200, nuked: true, purged: false });
    expect(await put(false)).toMatchObject({ status: 409, error: { code: 'STILL_PURGING' } });
    expect((await world.find(slug)).nuked).toBe(true);
    world.oven.purgeStatus = 200;
    expect(await world.retry()).toMatchObject({ purged: 1 });
    expect(await put(false)).toMatchObject({ status: 200, nuked: false });
  });

  test('A tape that other code brings back is published and nuked as usual', async () => {
    const { callback } = await bakedTape(world, slug, someMp4(3000), TOKEN);
    await world.deliver(callback, { id: `${slug}-1` });
    await put(true);
    const flag = (nuked: boolean) => world.tapes.updateOne({ slug }, { $set: { nuked } });
    await flag(false);
    expect(await put(true)).toMatchObject({ nuked: true, purged: true });
    expect((await world.find(slug)).nuked).toBe(true);
    await flag(false);
    await world.deliver(callback, { id: `${slug}-2` });
    expect(await records()).toBe(1);
    await flag(true);
    expect(await world.retry()).toMatchObject({ purged: 1 });
    expect(await records()).toBe(0);
    expect((await world.find(slug)).mp4Url).toBeUndefined();
  });

  test('A tape whose video is not Oven’s keeps its link and gets its record again', async () => {
    const mp4Url = await deviceVideo();
    expect(await put(true)).toMatchObject({ removed: ['record'], stays: ['zip', 'video'] });
    expect(await records()).toBe(0);
    expect((await world.find(slug)).mp4Url).toBe(mp4Url);
    expect(await put(false)).toMatchObject({ nuked: false, video: 'kept', record: 'written-anew' });
    expect(await records()).toBe(1);
    const tape = await world.find(slug);
    expect(tape).toMatchObject({
      nuked: false,
      mp4Url,
      mp4Status: 'complete',
      at: { uri: expect.any(String) },
    });
  });

  test.each([
    [UPLOAD, 200],
    [PUT, 409],
  ])('A tape is not half back when the PDS fails at %s', async (moment, next) => {
    await deviceVideo();
    await put(true);
    world.pds.front.fault = (path) => (path === moment ? 'down' : 'none');
    expect(await put(false)).toMatchObject({ status: 503 });
    expect(await world.find(slug)).toMatchObject({ nuked: true });
    world.pds.front.fault = () => 'none';
    // What may have been written is removed first.
    expect((await put(false)).status).toBe(next);
    if (next === 409) expect(await world.retry()).toMatchObject({ purged: 1 });
    expect(await put(false)).toMatchObject({ status: 200, nuked: false });
    expect(await records()).toBe(1);
  });

  test('A tape whose video is now too large for the PDS comes back without a record and says so', async () => {
    await deviceVideo(6 * 1024 * 1024);
    await put(true);
    expect(await put(false)).toMatchObject({ nuked: false, video: 'kept', record: 'gone' });
    expect(await records()).toBe(0);
  });
});
