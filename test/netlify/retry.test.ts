import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { noMongo } from './rig/mongo.ts';
import { SECRET, startWorld, type World } from './rig/world.ts';

const why = noMongo();
const MINUTE = 60_000;
const ago = (minutes: number) => new Date(Date.now() - minutes * MINUTE);
const due = (attempts = 1) => ({ attempts, nextAt: ago(1) });
const later = { attempts: 1, nextAt: new Date(Date.now() + 5 * MINUTE) };

describe.skipIf(why)(`retry-stuck-tapes${why ? ` (skipped: ${why})` : ''}`, () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ pds: false });
  }, 120_000);
  afterAll(() => world?.stop());
  beforeEach(async () => {
    await world.tapes.deleteMany({});
    world.oven.orders.length = 0;
    world.oven.answer = () => ({ status: 200, body: { jobId: 'job-1' } });
    world.oven.purgeStatus = 200;
  });
  let codes = 0;
  const add = async (slug: string, fields: { oven?: object; [name: string]: unknown } = {}) => {
    codes += 1;
    const basics = { code: `c${codes}`, slug, when: ago(60), bucket: 'art-aesthetic-computer' };
    const oven = { adoptedAt: ago(60), ...fields.oven };
    await world.tapes.insertOne({ ...basics, nuked: false, mp4Status: 'pending', ...fields, oven } as never);
  };
  const submitted = () => world.oven.orders.map(({ slug }) => slug).sort();

  test('The scheduled function finds stuck tapes and no others', async () => {
    await add('pending', { oven: due() });
    await add('failed', { mp4Status: 'oven-failed', mp4Error: 'x', oven: due() });
    await add('adopted', {});
    await add('from-before', { oven: { adoptedAt: undefined } });
    await add('user-1', { user: 'auth0|x', bucket: 'user-aesthetic-computer', oven: due() });
    const sync = { status: 'pending', bake: 'b', bytes: 1, superseded: [], nextAt: ago(1) };
    await add('no-record', { mp4Status: 'complete', mp4Url: 'x', oven: { ...later, sync } });
    await add('not-yet', { oven: later });
    await add('fresh', { when: ago(1) });
    await add('nuked', { nuked: true, oven: due() });
    await add('given-up', { mp4Status: 'oven-failed', oven: { ...due(8), gaveUpAt: ago(1) } });
    await add('done', {
      mp4Status: 'complete',
      mp4Url: 'x',
      oven: { sync: { ...sync, status: 'complete' } },
    });
    await add('done-before', { mp4Status: 'complete', mp4Url: 'x', at: { rkey: 'r', uri: 'u', cid: 'c' } });
    await add('too-large', {
      mp4Status: 'complete',
      oven: { sync: { ...sync, status: 'too-large', limit: 5 } },
    });
    expect(await world.retry()).toMatchObject({ submitted: 5, gaveUp: 0, stopped: false });
    expect(submitted()).toEqual(['adopted', 'failed', 'no-record', 'pending', 'user-1']);
    const users = world.oven.orders.find(({ slug }) => slug === 'user-1');
    expect(users?.zipUrl).toBe(`${world.storage.url}/user/auth0%7Cx/user-1.zip`);
    expect(await world.find('failed')).toMatchObject({
      mp4Status: 'pending',
      oven: { attempts: 2, jobId: 'job-1' },
    });
    expect((await world.find('failed')).mp4Error).toBeUndefined();
    expect((await world.find('no-record')).oven?.sync).toMatchObject({ resends: 1 });
    expect((await world.find('no-record')).mp4Status).toBe('complete');
    // Everything was put off: another run finds nothing.
    world.oven.orders.length = 0;
    expect(await world.retry()).toMatchObject({ submitted: 0 });
    expect(submitted()).toEqual([]);
  });

  test('A tape waits longer each time, and is given up visibly after the eighth attempt', async () => {
    await add('tape', { oven: { attempts: 0, nextAt: ago(1) } });
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 8; attempt += 1) {
      expect(await world.retry()).toMatchObject({ submitted: 1 });
      const { oven } = await world.find('tape');
      expect(oven?.attempts).toBe(attempt);
      waits.push((oven?.nextAt?.getTime() ?? 0) - Date.now());
      await world.tapes.updateOne({ slug: 'tape' }, { $set: { 'oven.nextAt': ago(1) } });
    }
    expect(waits.map((wait) => wait / MINUTE)).toEqual(
      [10, 20, 40, 80, 160, 320, 360, 360].map((minutes) => expect.closeTo(minutes, -2)),
    );
    expect(waits[1]! / waits[0]!).toBeGreaterThan(1.5);
    expect(await world.retry()).toMatchObject({ submitted: 0, gaveUp: 1 });
    const tape = await world.find('tape');
    expect(tape).toMatchObject({
      mp4Status: 'oven-failed',
      mp4Error: expect.stringContaining('Given up after 8'),
    });
    expect(tape.oven?.gaveUpAt).toBeInstanceOf(Date);
    expect(world.logs.some((line) => line.includes('TAPE_GIVEN_UP') && line.includes('"error"'))).toBe(true);
    expect(await world.retry()).toMatchObject({ submitted: 0, gaveUp: 0 });
  });

  test('The scheduled function stops at an Oven that is down or full, and spends no attempt', async () => {
    for (const answer of [
      'down' as const,
      { status: 429, headers: { 'retry-after': '900' } },
      { status: 503 },
    ]) {
      await world.tapes.deleteMany({});
      world.oven.orders.length = 0;
      for (let n = 0; n < 5; n += 1) await add(`tape-${n}`, { oven: due(7) });
      world.oven.answer = () => answer;
      expect(await world.retry()).toMatchObject({ submitted: 0, gaveUp: 0, stopped: true });
      expect(new Set(submitted()).size).toBe(1);
      expect(await world.tapes.countDocuments({ 'oven.attempts': 7 })).toBe(5);
    }
  });

  test('A tape that Oven refuses does not delay the others', async () => {
    await add('bad', { oven: { attempts: 1, nextAt: ago(9) } });
    await add('good', { oven: due() });
    world.oven.answer = () => {
      const bad = world.oven.orders.at(-1)?.slug === 'bad';
      return bad
        ? { status: 400, body: { error: { code: 'BAD_REQUEST', message: '' } } }
        : { status: 202, body: { jobId: 'j' } };
    };
    expect(await world.retry()).toMatchObject({ submitted: 1, refused: 1 });
    expect(await world.find('bad')).toMatchObject({ mp4Status: 'oven-failed', oven: { attempts: 2 } });
  });

  test('A record is given up when Oven keeps refusing to send its callback', async () => {
    const sync = { status: 'pending', bake: 'b', bytes: 1, superseded: [], nextAt: ago(1), resends: 19 };
    await add('no-record', { mp4Status: 'complete', mp4Url: 'x', oven: { ...later, sync } });
    world.oven.answer = () => ({ status: 400 });
    expect(await world.retry()).toMatchObject({ refused: 1, gaveUp: 0 });
    await world.tapes.updateOne({ slug: 'no-record' }, { $set: { 'oven.sync.nextAt': ago(1) } });
    expect(await world.retry()).toMatchObject({ refused: 0, gaveUp: 1 });
  });

  test('Three runs at once submit each tape once', async () => {
    for (let n = 0; n < 6; n += 1) await add(`tape-${n}`, { oven: due() });
    await Promise.all([world.retry(), world.retry(), world.retry()]);
    expect(submitted()).toEqual(['tape-0', 'tape-1', 'tape-2', 'tape-3', 'tape-4', 'tape-5']);
  });

  test.each([{ oven: undefined }, { callbackSecrets: [] }])(
    'All tapes wait and none is lost with %o',
    async (off) => {
      await add('tape', { oven: due(8) });
      const before = await world.find('tape');
      expect(await world.retry(await world.reopen(off))).toMatchObject({
        submitted: 0,
        gaveUp: 0,
        stopped: true,
      });
      expect(await world.find('tape')).toEqual(before);
      expect(world.oven.orders).toEqual([]);
    },
  );

  test('A published tape that other code nukes is purged', async () => {
    const sync = { status: 'complete', bake: 'b', bytes: 1, superseded: [] };
    const mp4Url = `${world.storage.url}/blobs/tapes/nuked.mp4`;
    await add('nuked', { nuked: true, mp4Status: 'complete', mp4Url, oven: { sync } });
    await add('nuked-long-ago', {
      nuked: true,
      mp4Status: 'complete',
      mp4Url: 'x',
      oven: { adoptedAt: undefined },
    });
    expect(await world.retry()).toMatchObject({ purged: 1 });
    expect((await world.find('nuked')).mp4Url).toBeUndefined();
    expect(await world.retry()).toMatchObject({ purged: 0 });
  });

  test('A purge that takes all the time keeps no tape from Oven', async () => {
    await add('nuked', { nuked: true, oven: { purge: { done: false } } });
    await add('tape', { oven: due() });
    world.oven.purgeStatus = 0;
    expect(await world.retry(world.services, 2)).toMatchObject({ submitted: 1, purged: 0 });
  });

  test('A nuked tape that is not purged yet is purged', async () => {
    await add('nuked', { nuked: true, oven: { purge: { done: false } } });
    world.oven.purgeStatus = 500;
    expect(await world.retry()).toMatchObject({ purged: 0 });
    world.oven.purgeStatus = 200;
    world.oven.purged.length = 0;
    expect(await world.retry()).toMatchObject({ purged: 1 });
    const { _id, code } = await world.find('nuked');
    expect(world.oven.purged).toEqual([
      `/tapes/nuked?mongoId=${_id}&unowned=false Bearer ${SECRET}`,
      `/tapes/${code}?mongoId=${_id}&unowned=true Bearer ${SECRET}`,
    ]);
    expect(await world.retry()).toMatchObject({ purged: 0 });
  });
});
