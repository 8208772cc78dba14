import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { noMongo } from './rig/mongo.ts';
import { bodyOf, startServer } from './rig/server.ts';
import { SECRET, startWorld, TOKEN, USER, type World } from './rig/world.ts';

const why = noMongo();
const SLUG = '2025.10.09.12.30.15.123';

type Said = { code?: string; error?: { code: string } };
const said = async (answer: Response) => (await answer.json()) as Said;

describe.skipIf(why)(`track-media${why ? ` (skipped: ${why})` : ''}`, () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ pds: false });
  }, 120_000);
  afterAll(() => world?.stop());
  beforeEach(async () => {
    await world.tapes.deleteMany({});
    world.storage.files.clear();
    world.oven.orders.length = 0;
    world.oven.answer = () => ({ status: 202, body: { jobId: 'job-1' } });
  });
  const upload = (path: string, bytes = 100) =>
    world.storage.files.set(path, { bytes: new Uint8Array(bytes) });

  test('track-media makes a document of a guest’s tape and sends Oven the six fields of SEED.md', async () => {
    upload('/art/aB3_x-9z.zip');
    const metadata = { totalDuration: 8.5, piece: 'wand' };
    const answer = await world.track({ body: { slug: 'aB3_x-9z', ext: 'zip', metadata } });
    const tape = await world.find('aB3_x-9z');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      slug: 'aB3_x-9z',
      code: tape.code,
      tapeId: tape._id.toHexString(),
      mp4Status: 'pending',
    });
    expect(tape).toMatchObject({
      bucket: 'art-aesthetic-computer',
      nuked: false,
      kind: 'zip',
      mp4Status: 'pending',
      code: expect.stringMatching(/^[a-z2-9]{3}$/),
      when: expect.any(Date),
      oven: { adoptedAt: expect.any(Date), attempts: 1, jobId: 'job-1', nextAt: expect.any(Date), metadata },
    });
    expect(tape.user).toBeUndefined();
    expect(world.oven.orders).toEqual([
      {
        mongoId: tape._id.toHexString(),
        slug: 'aB3_x-9z',
        code: tape.code,
        metadata,
        zipUrl: `${world.storage.url}/art/aB3_x-9z.zip`,
        callbackUrl: 'https://aesthetic.computer/api/tape-bake-complete',
        callbackSecret: SECRET,
      },
    ]);
  });

  test('track-media takes a user’s tape from the users’ bucket, with or without a stray Z in its slug', async () => {
    upload(`/user/${USER}/${SLUG}.zip`);
    const answer = await world.track({ body: { slug: `${SLUG}Z`, ext: 'zip' }, token: TOKEN });
    expect(answer.status).toBe(200);
    expect(await world.find(SLUG)).toMatchObject({ bucket: 'user-aesthetic-computer', user: USER });
    expect(world.oven.orders[0]?.zipUrl).toBe(`${world.storage.url}/user/auth0%7Csomebody/${SLUG}.zip`);
  });

  test.each(['mp4', 'png', 'mjs'])(
    'track-media passes on ext %s before it looks at anything else',
    async (ext) => {
      const seen: string[] = [];
      const other = await startServer(async (request, response) => {
        seen.push((await bodyOf(request)).toString());
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"code":"theirs"}');
      });
      const services = await world.reopen({ otherMedia: new URL(other.url) });
      const body = { slug: 'a:b c', ext };
      const answer = await world.track({ body, token: 'outage' }, services);
      expect([answer.status, await said(answer), seen]).toEqual([
        200,
        { code: 'theirs' },
        [JSON.stringify(body)],
      ]);
      expect(await world.tapes.countDocuments()).toBe(0);
      await other.stop();
    },
  );

  test('The answer for a tape that is baked has the URLs of its files', async () => {
    upload('/art/aB3_x-9z.zip');
    await world.track({ body: { slug: 'aB3_x-9z' } });
    const files = { mp4Url: 'https://x.test/tapes/a.mp4', thumbnailUrl: 'https://x.test/tapes/a-thumb.jpg' };
    await world.tapes.updateOne({ slug: 'aB3_x-9z' }, { $set: { ...files, mp4Status: 'complete' } });
    const answer = await world.track({ body: { slug: 'aB3_x-9z' } });
    expect(await said(answer)).toMatchObject({ ...files, mp4Status: 'complete', slug: 'aB3_x-9z' });
  });

  test.each([
    ['GET', { method: 'GET' }, 405, 'METHOD_NOT_ALLOWED'],
    ['no JSON', { body: '{' }, 400, 'INVALID_JSON'],
    ['no slug', { body: { ext: 'zip' } }, 400, 'INVALID_FIELDS'],
    ['a slug with a slash', { body: { slug: '../x' } }, 400, 'INVALID_FIELDS'],
    ['a slug of dots', { body: { slug: '..' } }, 400, 'INVALID_FIELDS'],
    ['a painting', { body: { slug: 'aaaaaaaa', ext: 'png' } }, 400, 'UNSUPPORTED_MEDIA'],
    ['a long tape', { body: { slug: 'aaaaaaaa', metadata: { totalDuration: 30.1 } } }, 400, 'TAPE_TOO_LONG'],
    [
      'much metadata',
      { body: { slug: 'aaaaaaaa', metadata: { x: 'y'.repeat(40_000) } } },
      400,
      'INVALID_FIELDS',
    ],
    ['a large body', { body: { slug: 'aaaaaaaa', x: 'y'.repeat(70_000) } }, 413, 'BODY_TOO_LARGE'],
    ['a ZIP that isn’t there', { body: { slug: 'aaaaaaaa' } }, 404, 'ZIP_NOT_FOUND'],
    ['a user’s slug and no token', { body: { slug: SLUG } }, 401, 'LOGIN_NEEDED'],
    ['a user’s slug and an expired token', { body: { slug: SLUG }, token: 'old' }, 401, 'TOKEN_INVALID'],
    ['a login that can’t be checked', { body: { slug: SLUG }, token: 'outage' }, 503, 'IDENTITY_UNAVAILABLE'],
    [
      'the same for a guest’s slug',
      { body: { slug: 'aaaaaaaa' }, token: 'outage' },
      503,
      'IDENTITY_UNAVAILABLE',
    ],
  ])('track-media refuses %s and keeps nothing', async (_what, request, status, code) => {
    upload(`/art/${SLUG}.zip`); // a user's tape must not be found here
    const answer = await world.track(request);
    expect({ status: answer.status, code: (await said(answer)).error?.code }).toEqual({ status, code });
    expect(await world.tapes.countDocuments()).toBe(0);
    expect(world.oven.orders).toEqual([]);
  });

  test('A guest’s slug with an invalid token is a guest’s tape, and the log says so', async () => {
    upload('/art/aaaaaaaa.zip');
    expect((await world.track({ body: { slug: 'aaaaaaaa' }, token: 'old' })).status).toBe(200);
    expect((await world.find('aaaaaaaa')).bucket).toBe('art-aesthetic-computer');
    expect(world.logs.some((line) => line.includes('TOKEN_INVALID'))).toBe(true);
  });

  test('A tape that is sent again, also five times at once, is the same tape', async () => {
    upload('/art/aaaaaaaa.zip');
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => world.track({ body: { slug: 'aaaaaaaa' } })),
    );
    const all = await Promise.all(answers.map(said));
    expect(new Set(all.map(({ code }) => code)).size).toBe(1);
    expect(await world.tapes.countDocuments()).toBe(1);
    expect(new Set(world.oven.orders.map(({ mongoId }) => mongoId)).size).toBe(1);
  });

  test.each([
    ['is down', () => 'down' as const, 'OVEN_UNREACHABLE', 0],
    ['is full', () => ({ status: 429, headers: { 'retry-after': '3600' } }), 'AS_THE_TEST_SAYS', 0],
    ['is drained', () => ({ status: 503 }), 'AS_THE_TEST_SAYS', 0],
    ['refuses the secret', () => ({ status: 401 }), 'AS_THE_TEST_SAYS', 0],
    ['allows no such origin', () => ({ status: 403 }), 'AS_THE_TEST_SAYS', 0],
    ['is somebody else', () => ({ status: 404, body: {} }), 'HTTP_404', 0],
    ['refuses the tape', () => ({ status: 400 }), 'AS_THE_TEST_SAYS', 1],
    ['talks nonsense', () => ({ status: 200, body: {} }), 'HTTP_200', 0],
  ])(
    'The response says that a tape is kept and retryable when Oven %s',
    async (_what, answer, code, attempts) => {
      upload('/art/aaaaaaaa.zip');
      world.oven.answer = answer;
      const response = await world.track({ body: { slug: 'aaaaaaaa' } });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ mp4Status: 'oven-failed', retryable: true });
      const tape = await world.find('aaaaaaaa');
      expect(tape).toMatchObject({ mp4Status: 'oven-failed', mp4FailedAt: expect.any(Date) });
      expect(tape.oven).toMatchObject({ attempts, error: { code }, nextAt: expect.any(Date) });
      expect(tape.oven?.gaveUpAt).toBeUndefined();
      if (code !== 'OVEN_UNREACHABLE') expect(world.oven.orders.length).toBeLessThanOrEqual(3);
    },
  );

  test('track-media repeats its request at once when Oven was down for a moment', async () => {
    upload('/art/aaaaaaaa.zip');
    let times = 0;
    world.oven.answer = () => {
      times += 1;
      return times < 3 ? { status: 502 } : { status: 202, body: { jobId: 'job-3' } };
    };
    const response = await world.track({ body: { slug: 'aaaaaaaa' } });
    expect(await response.json()).toMatchObject({ mp4Status: 'pending' });
    expect((await world.find('aaaaaaaa')).oven).toMatchObject({ jobId: 'job-3', attempts: 1 });
  });

  test('Tapes wait while OVEN_URL is not set', async () => {
    upload('/art/aaaaaaaa.zip');
    const off = await world.reopen({ oven: undefined });
    const response = await world.track({ body: { slug: 'aaaaaaaa' } }, off);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ mp4Status: 'pending', retryable: true });
    expect(await world.find('aaaaaaaa')).toMatchObject({ mp4Status: 'pending', oven: { attempts: 0 } });
    expect(world.oven.orders).toEqual([]);
  });

  test('A given-up tape starts again when its user sends it again', async () => {
    upload('/art/aaaaaaaa.zip');
    await world.track({ body: { slug: 'aaaaaaaa' } });
    const gaveUp = { mp4Status: 'oven-failed', 'oven.gaveUpAt': new Date(), 'oven.attempts': 8 } as const;
    await world.tapes.updateOne({ slug: 'aaaaaaaa' }, { $set: gaveUp });
    expect(await (await world.track({ body: { slug: 'aaaaaaaa' } })).json()).toMatchObject({
      mp4Status: 'pending',
    });
    const { oven } = await world.find('aaaaaaaa');
    expect(oven).toMatchObject({ attempts: 1 });
    expect(oven?.gaveUpAt).toBeUndefined();
  });

  test('A given-up tape that is sent again while Oven is down is due for the scheduled function', async () => {
    upload('/art/aaaaaaaa.zip');
    await world.track({ body: { slug: 'aaaaaaaa' } });
    const gaveUp = { mp4Status: 'oven-failed', 'oven.gaveUpAt': new Date(), 'oven.attempts': 8 } as const;
    await world.tapes.updateOne({ slug: 'aaaaaaaa' }, { $set: gaveUp });
    world.oven.answer = () => 'down';
    expect(await (await world.track({ body: { slug: 'aaaaaaaa' } })).json()).toMatchObject({
      retryable: true,
    });
    await world.tapes.updateOne({ slug: 'aaaaaaaa' }, { $set: { 'oven.nextAt': new Date(0) } });
    world.oven.answer = () => ({ status: 202, body: { jobId: 'job-9' } });
    expect(await world.retry()).toMatchObject({ submitted: 1, gaveUp: 0 });
  });

  test('track-media asks for the callback again when the record was given up', async () => {
    upload('/art/aaaaaaaa.zip');
    await world.track({ body: { slug: 'aaaaaaaa' } });
    const sync = {
      status: 'pending',
      bake: 'b',
      bytes: 1,
      superseded: [],
      resends: 20,
      gaveUpAt: new Date(),
    };
    const gaveUp = { mp4Status: 'complete', mp4Url: 'x', 'oven.sync': sync } as const;
    await world.tapes.updateOne({ slug: 'aaaaaaaa' }, { $set: gaveUp } as never);
    world.oven.orders.length = 0;
    expect(await (await world.track({ body: { slug: 'aaaaaaaa' } })).json()).toMatchObject({
      mp4Status: 'complete',
    });
    expect(world.oven.orders).toHaveLength(1);
    const after = (await world.find('aaaaaaaa')).oven?.sync;
    expect(after).toMatchObject({ resends: 0, nextAt: expect.any(Date) });
    expect(after?.gaveUpAt).toBeUndefined();
  });

  test('An older document of a guest whose user is null is the same tape', async () => {
    upload('/art/aaaaaaaa.zip');
    const old = {
      code: 'old',
      slug: 'aaaaaaaa',
      user: null,
      when: new Date(),
      bucket: 'art-aesthetic-computer',
    };
    await world.services.tapes.add({ slug: 'first', bucket: 'art-aesthetic-computer' }); // makes the indexes
    await world.tapes.insertOne(old as never);
    expect(await (await world.track({ body: { slug: 'aaaaaaaa' } })).json()).toMatchObject({ code: 'old' });
  });

  describe('a user’s draft, whose slug has its owner', () => {
    const draft = `${USER}/AbCdEfGhIjKlMnOp`;
    beforeEach(() => upload(`/user/${USER}/AbCdEfGhIjKlMnOp.zip`));

    test('A draft keeps its slug with the owner; Oven gets the part after the slash and names files by the code', async () => {
      const answer = await world.track({ body: { slug: draft, ext: 'zip' }, token: TOKEN });
      expect(answer.status).toBe(200);
      const { code } = await world.find(draft);
      expect(world.oven.orders).toMatchObject([
        {
          slug: 'AbCdEfGhIjKlMnOp',
          zipUrl: `${world.storage.url}/user/auth0%7Csomebody/AbCdEfGhIjKlMnOp.zip`,
          code,
          outputName: 'code',
        },
      ]);
    });

    test('A draft is the same tape with its owner in the slug and without', async () => {
      await world.track({ body: { slug: draft }, token: TOKEN });
      const again = await world.track({ body: { slug: 'AbCdEfGhIjKlMnOp' }, token: TOKEN });
      expect((await said(again)).code).toBe((await world.find(draft)).code);
      expect(await world.tapes.countDocuments()).toBe(1);
      const nuked = await world.track({
        method: 'PUT',
        body: { slug: 'AbCdEfGhIjKlMnOp', nuke: true },
        token: TOKEN,
      });
      expect(nuked.status).toBe(200);
      expect((await world.find(draft)).nuked).toBe(true);
    });

    test.each([
      ['of another user', 'auth0|another/AbCdEfGhIjKlMnOp', TOKEN, 403, 'NOT_YOURS'],
      ['without a login', draft, null, 401, 'LOGIN_NEEDED'],
      ['with two slashes', `${USER}/x/y`, TOKEN, 400, 'INVALID_FIELDS'],
    ])('The draft is refused: %s', async (_what, slug, token, status, code) => {
      const answer = await world.track({ body: { slug }, token });
      expect([answer.status, (await said(answer)).error?.code]).toEqual([status, code]);
      expect(await world.tapes.countDocuments()).toBe(0);
    });
  });

  test('The request to Oven names the MP4 that an adopted tape already has in Oven’s storage', async () => {
    upload(`/user/${USER}/${SLUG}.zip`);
    for (const [mp4Url, replaces] of [
      [`${world.storage.url}/blobs/tapes/old.mp4`, `${world.storage.url}/blobs/tapes/old.mp4`],
      ['https://elsewhere.test/tapes/old.mp4', undefined],
    ]) {
      await world.tapes.deleteMany({});
      const old = { code: 'old', slug: SLUG, user: USER, when: new Date(), mp4Status: 'oven-failed', mp4Url };
      await world.tapes.insertOne(old as never);
      await world.track({ body: { slug: SLUG }, token: TOKEN });
      expect(world.oven.orders.at(-1)?.replaces).toBe(replaces);
    }
  });

  test('Two users with one slug get a tape each', async () => {
    upload(`/user/${USER}/${SLUG}.zip`);
    await world.track({ body: { slug: SLUG }, token: TOKEN });
    const other = await world.services.tapes.add({
      slug: SLUG,
      bucket: 'user-aesthetic-computer',
      user: 'auth0|b',
    });
    expect(other.created).toBe(true);
    expect(await world.tapes.countDocuments({ slug: SLUG })).toBe(2);
  });

  test('A tape gets a free code when the first ones are in use', async () => {
    const add = (slug: string) => world.services.tapes.add({ slug, bucket: 'art-aesthetic-computer' });
    const added = await Promise.all(Array.from({ length: 300 }, (_, i) => add(`guest${i}`)));
    expect(new Set(added.map(({ tape }) => tape.code)).size).toBe(300);
  });

  test('track-media never logs or returns the secret', async () => {
    upload('/art/aaaaaaaa.zip');
    world.oven.answer = () => ({ status: 400, body: { error: { code: SECRET, message: SECRET } } });
    await world.track({ body: { slug: 'aaaaaaaa' } });
    expect(world.logs.join('\n')).not.toContain(SECRET);
  });
});
