import { ObjectId } from 'mongodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { tapeLexicon } from './rig/lexicon.ts';
import { noMongo } from './rig/mongo.ts';
import { noPds } from './rig/pds.ts';
import { bakedTape, callbackOf, SECRET, someMp4, startWorld, TOKEN, type World } from './rig/world.ts';

const why = noMongo() ?? noPds();
const SLUG = '2025.10.09.12.30.15.123';

describe.skipIf(why)(`tape-bake-complete${why ? ` (skipped: ${why})` : ''}`, () => {
  let world: World;
  let count = 0;
  let slug = '';
  beforeAll(async () => {
    world = await startWorld();
  }, 120_000);
  afterAll(() => world?.stop());
  beforeEach(() => {
    count += 1;
    slug = `guest${String(count).padStart(3, '0')}`;
  });
  afterEach(() => {
    world.pds.front.fault = () => 'none';
    world.pds.front.after = () => {};
    world.storage.status = undefined;
    world.oven.purgeStatus = 200;
  });
  const recordOf = async (did: string, name: string) => {
    const records = await world.pds.records(did);
    return records.filter(({ value }) => value.slug === name);
  };

  test.each([
    ['guest', null, () => world.guest.did, () => slug],
    ['user', TOKEN, () => world.user.did, () => SLUG],
  ] as [string, string | null, () => string, () => string][])(
    'A callback publishes the tape of a %s in MongoDB and the PDS',
    async (_who, token, did, name) => {
      const { mp4, callback } = await bakedTape(world, name(), someMp4(), token);
      const answer = await world.deliver(callback);
      expect(await answer.json()).toEqual({ status: 'complete' });
      expect(answer.status).toBe(200);
      const [record, ...more] = await recordOf(did(), name());
      expect(more).toEqual([]);
      const tape = await world.find(name());
      expect(record?.value).toMatchObject({
        code: tape.code,
        when: tape.when.toISOString(),
        ref: callback.mongoId,
      });
      expect(tapeLexicon().faults(record?.value)).toBeUndefined();
      const video = record?.value.video as { ref: { toString(): string }; mimeType: string; size: number };
      expect(video).toMatchObject({ mimeType: 'video/mp4', size: mp4.length });
      const blob = await world.pds.blob(did(), video.ref.toString());
      expect(Buffer.from(blob).equals(Buffer.from(mp4))).toBe(true);
      expect(tape).toMatchObject({
        mp4Status: 'complete',
        mp4Url: callback.mp4Url,
        thumbnailUrl: callback.thumbnailUrl,
        mp4CompletedAt: expect.any(Date),
        at: { uri: record?.uri, cid: record?.cid },
        oven: { sync: { status: 'complete', bytes: mp4.length }, mp4: { width: 640, bytes: mp4.length } },
      });
      expect(record?.uri.endsWith(`/${tape.at?.rkey}`)).toBe(true);
      expect(tape.oven?.lease).toBeUndefined();
    },
  );

  describe('refused callbacks', () => {
    const change = (fields: object) => (callback: object) => ({ body: { ...callback, ...fields } });
    test.each<[string, (callback: ReturnType<typeof callbackOf>) => { body: object; how?: object }, number]>([
      ['a wrong secret in the body', change({ secret: 'wrong' }), 401],
      ['a signature by a wrong secret', (body) => ({ body, how: { secrets: ['wrong'] } }), 401],
      ['no signature', (body) => ({ body, how: { headers: { 'webhook-signature': '' } } }), 401],
      ['a signature of another id', (body) => ({ body, how: { headers: { 'webhook-id': 'other' } } }), 401],
      [
        'a stale timestamp',
        (body) => ({ body, how: { timestamp: Math.floor(Date.now() / 1000) - 301 } }),
        401,
      ],
      [
        'a timestamp in the future',
        (body) => ({ body, how: { timestamp: Math.floor(Date.now() / 1000) + 330 } }),
        401,
      ],
      ['an MP4 on another host', change({ mp4Url: 'https://evil.test/blobs/tapes/x.mp4' }), 403],
      ['a thumbnail on another host', change({ thumbnailUrl: 'https://evil.test/x-thumb.jpg' }), 403],
      [
        'the MP4 of another tape',
        (body) => ({ body: { ...body, mp4Url: body.mp4Url.replace(slug, 'other') } }),
        403,
      ],
      ['an MP4 with a query', (body) => ({ body: { ...body, mp4Url: `${body.mp4Url}?x=/blobs` } }), 403],
      [
        'a host that only looks like the storage',
        (b) => ({ body: { ...b, mp4Url: b.mp4Url.replace('127.0.0.1', 'x@127.0.0.1') } }),
        403,
      ],
      ['a size that isn’t true', (body) => ({ body: { ...body, bytes: body.bytes - 1 } }), 503],
      ['no mongoId', change({ mongoId: undefined }), 400],
      ['a mongoId that is none', change({ mongoId: { $ne: null } }), 400],
      ['bytes that are no number', change({ bytes: 'many' }), 400],
      ['another slug', change({ slug: 'other' }), 409],
      ['a tape that nobody knows', change({ mongoId: new ObjectId().toHexString() }), 410],
    ])('A callback with %s is refused and writes nothing', async (_what, broken, status) => {
      const { callback } = await bakedTape(world, slug);
      const before = await world.find(slug);
      const { body, how } = broken(callback);
      const answer = await world.deliver(body, how);
      expect(answer.status).toBe(status);
      expect(await answer.text()).not.toContain(SECRET);
      expect(await world.find(slug)).toEqual(before);
      expect(await recordOf(world.guest.did, slug)).toEqual([]);
    });

    test.each([
      ['is larger than announced to Oven', { bytes: someMp4(50_000) }],
      ['comes without its size', { bytes: someMp4(40_000), chunked: true }],
      ['is gone', undefined],
    ])('A callback is refused for an MP4 that %s', async (_what, file) => {
      const { callback } = await bakedTape(world, slug);
      const before = await world.find(slug);
      world.storage.files.delete(`/blobs/tapes/${slug}.mp4`);
      if (file) world.storage.files.set(`/blobs/tapes/${slug}.mp4`, file);
      const answer = await world.deliver(callback);
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await world.find(slug)).toEqual(before);
    });

    test('Every callback is refused while no secret is set', async () => {
      const { callback } = await bakedTape(world, slug);
      const answer = await world.deliver(callback, { services: await world.reopen({ callbackSecrets: [] }) });
      expect(answer.status).toBe(503);
    });
  });

  test('Callbacks with the old and the new secret are accepted while the secret changes', async () => {
    const services = await world.reopen({ callbackSecrets: [`whsec_${btoa('a new secret')}`, SECRET] });
    const { callback } = await bakedTape(world, slug);
    const secrets = [`whsec_${btoa('a new secret')}`, SECRET];
    expect((await world.deliver(callback, { services, secrets: ['gone', ...secrets] })).status).toBe(200);
    expect((await world.deliver({ ...callback, secret: secrets[0] }, { services, secrets })).status).toBe(
      200,
    );
  });

  test('An MP4 that ends early is fetched again', async () => {
    const { callback, mp4 } = await bakedTape(world, slug);
    world.storage.files.set(`/blobs/tapes/${slug}.mp4`, {
      bytes: mp4.subarray(0, 1000),
      announced: mp4.length,
    });
    expect((await world.deliver(callback)).status).toBe(503);
    world.storage.files.set(`/blobs/tapes/${slug}.mp4`, { bytes: mp4 });
    expect((await world.deliver(callback)).status).toBe(200);
  });

  test('A failure of Oven is noted, and a later success replaces it', async () => {
    const { callback } = await bakedTape(world, slug);
    const { mongoId, secret } = callback;
    const failure = { mongoId, slug, secret, error: { code: 'TAPE_BROKEN', message: 'The ZIP is damaged.' } };
    for (let times = 0; times < 2; times += 1) {
      expect((await world.deliver(failure, { id: 'failed-1' })).status).toBe(200);
    }
    expect(await world.find(slug)).toMatchObject({
      mp4Status: 'oven-failed',
      mp4Error: 'The ZIP is damaged.',
      oven: { error: { code: 'TAPE_BROKEN' } },
    });
    expect((await world.deliver(callback)).status).toBe(200);
    const tape = await world.find(slug);
    expect(tape).toMatchObject({ mp4Status: 'complete' });
    expect(tape.mp4Error).toBeUndefined();
    // An older failure, delivered late, changes nothing.
    expect((await world.deliver(failure, { id: 'failed-0' })).status).toBe(200);
    expect(await world.find(slug)).toEqual(tape);
  });

  test('A user without an account at the PDS gets the MP4 and no record', async () => {
    const { tape } = await world.services.tapes.add({
      slug,
      bucket: 'user-aesthetic-computer',
      user: 'auth0|nobody',
    });
    const answer = await world.deliver(callbackOf(world, tape._id.toHexString(), slug, someMp4()));
    expect(await answer.json()).toEqual({ status: 'no-account' });
    expect(await world.find(slug)).toMatchObject({
      mp4Status: 'complete',
      oven: { sync: { status: 'no-account' } },
    });
  });

  test('The callback updates a record that the tape already has', async () => {
    const { callback } = await bakedTape(world, slug);
    const at = { rkey: '3kabcdefgh222', uri: 'x', cid: 'y' };
    await world.tapes.updateOne({ slug }, { $set: { at } });
    await world.deliver(callback);
    const records = await recordOf(world.guest.did, slug);
    expect(records.map(({ uri }) => uri.split('/').at(-1))).toEqual(['3kabcdefgh222']);
  });

  test('The log has no secret, password or address of the database', () => {
    const all = world.logs.join('\n');
    for (const secret of [SECRET, world.guest.password, world.user.password, world.mongo.uri]) {
      expect(all).not.toContain(secret);
    }
    expect(world.logs.length).toBeGreaterThan(10);
  });
});
