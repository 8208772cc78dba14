import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildFunctions } from '../../netlify/build.ts';
import { freePort } from '../rig/port.ts';
import { describeS3, type S3Rig, s3Gap, startS3 } from '../rig/s3.ts';
import { until } from '../rig/until.ts';
import { makeTape } from '../tapes/make.ts';
import { environment, type FunctionsRig, startFunctions } from './rig/functions.ts';
import { tapeLexicon } from './rig/lexicon.ts';
import { noMongo } from './rig/mongo.ts';
import { noPds } from './rig/pds.ts';
import { noOven, type OvenService, startOven } from './rig/service.ts';
import { SECRET, startWorld, TOKEN, USER, type World } from './rig/world.ts';

const why = noMongo() ?? noPds() ?? noOven();

describe.skipIf(why)(
  `from track-media to the record, through the real Oven${why ? ` (skipped: ${why})` : ''}`,
  () => {
    let world: World;
    let oven: OvenService;
    let functions: FunctionsRig;
    /** Starts the functions again, on the same port. */
    let start: (
      server: 'netlify' | 'express',
      files?: readonly string[],
      more?: Record<string, string>,
    ) => Promise<void>;
    /** Private buckets of ZIPs. */
    let s3: S3Rig | undefined;
    let zip: Uint8Array;
    let folder = '';
    beforeAll(async () => {
      world = await startWorld();
      folder = await mkdtemp(join(tmpdir(), 'oven-e2e-'));
      const tape = join(folder, 'tape.zip');
      await makeTape(tape, { scene: 'sprites', width: 121, height: 75, seconds: 1, sound: true });
      zip = new Uint8Array(await readFile(tape));
      const [ovenPort, port] = [await freePort(), await freePort()];
      const callback = `http://127.0.0.1:${port}/api/tape-bake-complete`;
      const sources = [`${world.storage.url}/art`, `${world.storage.url}/user`];
      s3 = s3Gap === undefined ? await startS3() : undefined;
      const keys: Record<string, string> = {};
      for (const [prefix, BUCKET] of [
        ['ART', 'art'],
        ['USER', 'user'],
      ] as const) {
        if (s3 === undefined) break;
        await s3.make(BUCKET, 'private');
        sources.push(`${s3.endpoint.origin}/${BUCKET}`);
        const account = { ENDPOINT: s3.endpoint.origin, BUCKET, KEY: s3.key, SECRET: s3.secret };
        for (const [name, value] of Object.entries(account)) keys[`${prefix}_SPACES_${name}`] = value;
      }
      oven = await startOven(ovenPort, SECRET, sources, `http://127.0.0.1:${port}`, keys);
      const changes = { OVEN_URL: oven.url, OVEN_CALLBACK_URL: callback, TAPE_BLOBS_URLS: oven.files };
      start = async (server, files = [], more = {}) => {
        await functions?.kill();
        functions = await startFunctions(environment(world, { ...changes, ...more }), {
          port,
          server,
          files,
        });
      };
    }, 180_000);
    afterAll(async () => {
      await functions?.kill();
      await oven?.stop();
      await world?.stop();
      await s3?.stop();
      await rm(folder, { recursive: true, force: true });
    });
    const finished = (slug: string) =>
      until(
        `${slug} is in the PDS`,
        async () => {
          const tape = await world.find(slug);
          return tape.oven?.sync?.status === 'complete' && tape;
        },
        60,
      );
    const recordsOf = async (did: string, slug: string) =>
      (await world.pds.records(did)).filter(({ value }) => value.slug === slug);

    describe.each([
      ['the functions at Netlify', 'netlify', 1],
      ['the bundles’ handlers in an Express app', 'express', 2],
    ] as const)('%s', (_title, server, n) => {
      beforeAll(async () => {
        const bundles = server === 'express' ? await buildFunctions(folder) : [];
        await start(
          server,
          bundles.map(({ file }) => file),
        );
      }, 60_000);

      test.each([
        ['guest', `guestAb${n}`, `/art/guestAb${n}.zip`, undefined, () => world.guest.did],
        [
          'user',
          `2025.10.09.12.30.15.12${n}`,
          `/user/${USER}/2025.10.09.12.30.15.12${n}.zip`,
          TOKEN,
          () => world.user.did,
        ],
      ])(
        'A tape of a %s is baked by the real Oven and published',
        async (_who, slug, path, token, did) => {
          world.storage.files.set(path, { bytes: zip });
          const answer = await functions.track({ slug, ext: 'zip', metadata: { totalDuration: 1 } }, token);
          expect(await answer.json()).toMatchObject({ slug, mp4Status: 'pending' });
          const tape = await finished(slug);
          const [record, ...more] = await recordsOf(did(), slug);
          expect(more).toEqual([]);
          expect(tapeLexicon().faults(record?.value)).toBeUndefined();
          expect(record).toMatchObject({ uri: tape.at?.uri, cid: tape.at?.cid, value: { code: tape.code } });
          const { ref } = record!.value.video as { ref: { toString(): string } };
          const blob = await world.pds.blob(did(), ref.toString());
          const mp4 = new Uint8Array(await (await fetch(tape.mp4Url ?? '')).arrayBuffer());
          expect(Buffer.from(mp4.subarray(4, 8)).toString()).toBe('ftyp');
          expect(Buffer.from(blob).equals(Buffer.from(mp4))).toBe(true);
          expect((await fetch(tape.thumbnailUrl ?? '')).status).toBe(200);
          await until('Oven knows that its callback arrived', async () => {
            const { callback } = (await oven.status(tape.oven?.jobId ?? '')) as {
              callback?: { delivered: boolean };
            };
            return callback?.delivered;
          });
        },
        120_000,
      );

      test('A preview is linked without a record, and published later without another bake', async () => {
        const slug = `2026.02.01.10.00.00.00${n}`;
        world.storage.files.set(`/user/${USER}/${slug}.zip`, { bytes: zip });
        await functions.track({ slug, ext: 'zip', publish: false }, TOKEN);
        const preview = await until('it is linked', async () => {
          const one = await world.find(slug);
          return one.oven?.sync?.status === 'not-published' && one;
        });
        expect(await recordsOf(world.user.did, slug)).toEqual([]);
        const asked = () => world.storage.asked.filter((line) => line === `GET /user/${USER}/${slug}.zip`);
        const fetched = asked().length;
        await functions.track({ slug, ext: 'zip' }, TOKEN);
        const tape = await finished(slug);
        expect(tape.mp4Url).toBe(preview.mp4Url);
        expect((await recordsOf(world.user.did, slug)).map(({ uri }) => uri)).toEqual([tape.at?.uri]);
        expect([fetched, asked().length]).toEqual([1, 1]);
      }, 60_000);

      test('The failure of a broken tape is noted, and the tape is kept', async () => {
        world.storage.files.set(`/art/broken0${n}.zip`, { bytes: zip.subarray(0, 1000) });
        await functions.track({ slug: `broken0${n}`, ext: 'zip' });
        const tape = await until('the failure has arrived', async () => {
          const one = await world.find(`broken0${n}`);
          return one.mp4Status === 'oven-failed' && one;
        });
        expect(tape.mp4Error).toMatch(/\w/);
        expect(tape.oven?.error?.code).toMatch(/^[A-Z_]+$/);
      }, 60_000);

      test('After a PDS was down, the scheduled function has Oven send the callback again', async () => {
        world.storage.files.set(`/art/downtim${n}.zip`, { bytes: zip });
        world.pds.front.fault = () => 'down';
        await functions.track({ slug: `downtim${n}`, ext: 'zip' });
        await until(
          'the failure is kept',
          async () => (await world.find(`downtim${n}`)).oven?.sync?.error?.code === 'PDS_UNREACHABLE',
        );
        world.pds.front.fault = () => 'none';
        await world.tapes.updateOne({ slug: `downtim${n}` }, { $set: { 'oven.sync.nextAt': new Date(0) } });
        expect(await (await functions.retry()).json()).toMatchObject({ submitted: 1 });
        await finished(`downtim${n}`);
        expect((await recordsOf(world.guest.did, `downtim${n}`)).length).toBe(1);
      }, 120_000);

      test('Nothing is left of a tape that is nuked during its bake', async () => {
        world.storage.files.set(`/art/nuked00${n}.zip`, { bytes: zip });
        world.pds.front.after = async (path) => {
          if (path !== '/xrpc/com.atproto.repo.putRecord') return;
          await world.tapes.updateOne({ slug: `nuked00${n}` }, { $set: { nuked: true } });
        };
        await functions.track({ slug: `nuked00${n}`, ext: 'zip' });
        await until('it is nuked', async () => (await world.find(`nuked00${n}`)).oven?.purge !== undefined);
        const tape = await until(
          'it is purged',
          async () => {
            await functions.retry();
            const one = await world.find(`nuked00${n}`);
            return one.oven?.purge?.done && one;
          },
          60,
        );
        world.pds.front.after = () => {};
        expect(tape.at).toBeUndefined();
        expect(await recordsOf(world.guest.did, `nuked00${n}`)).toEqual([]);
        expect((await fetch(`${oven.files}/tapes/nuked00${n}.mp4`)).status).toBe(404);
        expect((await fetch(`${oven.url}/status/${tape.oven?.jobId}`)).status).toBe(404);
      }, 120_000);

      test('A user takes a tape down and brings it back', async () => {
        const slug = `2025.11.01.10.00.00.00${n}`;
        world.storage.files.set(`/user/${USER}/${slug}.zip`, { bytes: zip });
        await functions.track({ slug, ext: 'zip' }, TOKEN);
        await finished(slug);
        const put = (nuke: boolean, token: string) =>
          fetch(`${functions.url}/api/track-media`, {
            method: 'PUT',
            body: JSON.stringify({ slug, nuke }),
            headers: { authorization: `Bearer ${token}` },
          });
        expect((await put(true, 'another')).status).toBe(401);
        const said = { slug, nuked: true, purged: true, removed: ['record', 'files'], stays: ['zip'] };
        expect(await (await put(true, TOKEN)).json()).toEqual(said);
        expect(await recordsOf(world.user.did, slug)).toEqual([]);
        expect((await fetch(`${oven.files}/tapes/${slug}.mp4`)).status).toBe(404);
        expect(await (await put(false, TOKEN)).json()).toEqual({ slug, nuked: false, video: 'baked-anew' });
        await finished(slug);
        expect((await recordsOf(world.user.did, slug)).length).toBe(1);
      }, 120_000);

      test('The functions log no secret', () => {
        const all = functions.logs.join('\n');
        expect(all.length).toBeGreaterThan(100);
        for (const secret of [SECRET, world.guest.password, world.user.password])
          expect(all).not.toContain(secret);
      });
    });

    describeS3('drafts: ZIPs that only keys may read', () => {
      beforeAll(async () => {
        const { endpoint, key, secret } = s3!;
        await start('netlify', [], {
          ART_ZIPS_URL: `${endpoint.origin}/art`,
          ART_SPACES_KEY: key,
          ART_SPACES_SECRET: secret,
          USER_ZIPS_URL: `${endpoint.origin}/user`,
          USER_SPACES_KEY: key,
          USER_SPACES_SECRET: secret,
        });
      }, 60_000);

      const USERS = `${USER}/QrStUvWxYzAbCdEf`;
      test.each([
        ['guest', 'art', 'AbCdEfGhIjKlMnOp', undefined, () => world.guest.did],
        ['user', 'user', USERS, TOKEN, () => world.user.did],
      ])(
        'A draft of a %s is looked up with keys, baked and published',
        async (_who, bucket, slug, token, did) => {
          const Key = `${slug}.zip`;
          await s3!.client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: zip }));
          const url = `${s3!.endpoint.origin}/${bucket}/${Key.split('/').map(encodeURIComponent).join('/')}`;
          expect((await fetch(url, { method: 'HEAD' })).status).toBe(403);
          expect((await functions.track({ slug: 'NothingWasUploaded', ext: 'zip' })).status).toBe(404);
          const answer = await functions.track({ slug, ext: 'zip', metadata: { totalDuration: 1 } }, token);
          expect([answer.status, await answer.json()]).toMatchObject([200, { slug, mp4Status: 'pending' }]);
          const tape = await finished(slug);
          const name = token === undefined ? slug : tape.code;
          expect(tape.mp4Url).toBe(`${oven.files}/tapes/${name}.mp4`);
          const [record, ...more] = await recordsOf(did(), slug);
          expect([record?.uri, more]).toEqual([tape.at?.uri, []]);
          expect(await s3!.keys(bucket)).toEqual([Key]);
        },
        120_000,
      );
    });
  },
);
