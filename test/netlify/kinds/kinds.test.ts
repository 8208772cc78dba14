import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADOPTED, exclusionOf, NOT_EXCLUDED } from '../../../netlify/lib/tapes/exclusions.ts';
import { noMongo } from '../rig/mongo.ts';
import { noPds } from '../rig/pds.ts';
import { callbackOf, SECRET, someMp4, startWorld, TOKEN, type World } from '../rig/world.ts';
import { changed, fill, type Old, published, read } from './collection.ts';
import { KINDS, type Places } from './kinds.ts';

const why = noMongo() ?? noPds();
const DOC = join(import.meta.dirname, '../../../docs/netlify.md');
const isExcluded = (name: string) => KINDS.some((kind) => kind.name === name && kind.excluded);
/** For a busy machine: a quiet one needs seconds. */
const PATIENCE = { timeout: 180_000 };
const bare = ({ slug }: Old) => slug.slice(slug.lastIndexOf('/') + 1);

describe.skipIf(why)(
  `every kind of document that the site has${why ? ` (skipped: ${why})` : ''}`,
  PATIENCE,
  () => {
    let world: World;
    let places: Places;
    let all: Old[];
    /** What each function did to each kind, as docs/netlify.md says it. */
    const did = new Map<string, string[]>(KINDS.map(({ name }) => [name, []]));
    beforeAll(async () => {
      world = await startWorld();
      places = { blobs: `${world.storage.url}/blobs`, user: `${world.storage.url}/user` };
    }, 120_000);
    afterAll(() => world?.stop());
    const refill = async () => {
      all = await fill(world, places, new Uint8Array(100));
      world.oven.orders.length = 0;
    };
    const ordered = () => {
      const ids = new Map(all.map(({ id, kind }) => [id.toHexString(), kind.name]));
      return world.oven.orders.map(({ mongoId }) => ids.get(String(mongoId))).sort();
    };
    const callback = (old: Old) => callbackOf(world, old.id.toHexString(), bare(old), someMp4(2000));
    const adoptAll = () => {
      const oven = { adoptedAt: new Date(), attempts: 0, nextAt: new Date(0) };
      return world.tapes.updateMany({}, { $set: { oven } });
    };

    test('The collection has at least twenty kinds of documents, each once', () => {
      expect(new Set(KINDS.map(({ name }) => name)).size).toBe(KINDS.length);
      expect(KINDS.length).toBeGreaterThanOrEqual(30);
    });

    test('retry-stuck-tapes changes no document that is not adopted', async () => {
      await refill();
      const [before, records] = [await read(world, all), await published(world)];
      expect(await world.retry()).toMatchObject({ submitted: 0, purged: 0, gaveUp: 0 });
      expect(ordered()).toEqual([]);
      expect(changed(before, await read(world, all))).toEqual([]);
      expect(await published(world)).toEqual(records);
      expect(world.oven.purged).toEqual([]);
    });

    test('A callback of a success or a failure changes no document that is not adopted', async () => {
      const [before, records] = [await read(world, all), await published(world)];
      const answers: unknown[] = [];
      for (const old of all) {
        const { mongoId, slug } = callback(old);
        const failed = { mongoId, slug, secret: SECRET, error: { code: 'TAPE_BROKEN', message: 'no' } };
        for (const [body, id] of [
          [callback(old), `good-${mongoId}`],
          [failed, `bad-${mongoId}`],
        ] as const) {
          answers.push(await (await world.deliver(body, { id })).json());
        }
      }
      expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
        new Set(['{"status":"left-alone"}']),
      );
      expect(changed(before, await read(world, all))).toEqual([]);
      expect(await published(world)).toEqual(records);
    });

    test('A document that its user sends to track-media again is adopted, unless it is excluded', async () => {
      const records = await published(world);
      const before = await read(world, all);
      for (const old of all) {
        const { kind, slug } = old;
        if (kind.upload === 'mp4') {
          const zip = old.path.replace('.mp4', '.zip');
          world.storage.files.set(zip, { bytes: new Uint8Array(100) });
        }
        const answer = await world.track({
          body: { slug, ext: 'zip' },
          token: kind.of === 'user' ? TOKEN : null,
        });
        const body = (await answer.json()) as { code?: string; error?: { code: string } };
        if (answer.ok) expect([kind.name, body.code]).toEqual([kind.name, old.code]);
        const isOrdered = ordered().includes(kind.name);
        const after = (await read(world, all)).get(kind.name);
        const isOurs = after?.oven?.adoptedAt !== undefined;
        const isTaken = kind.of === 'user' && !kind.excluded;
        expect([kind.name, answer.status, isOurs]).toEqual([
          kind.name,
          kind.excluded ? (after?.nuked ? 410 : 409) : 200,
          isTaken,
        ]);
        const said = body.error
          ? `${answer.status} ${body.error.code}`
          : isOrdered
            ? 'adopted, baked'
            : 'adopted';
        did.get(kind.name)?.push(answer.ok && !isOurs ? '–' : said);
        if (!isOurs) expect(changed(before, new Map([...before, [kind.name, after]]))).toEqual([]);
      }
      expect(await published(world)).toEqual(records);
      expect(await world.tapes.countDocuments()).toBe(all.length);
    });

    test('The scheduled function submits adopted tapes that wait, and none that is excluded', async () => {
      await refill();
      await adoptAll();
      const every = await world.tapes.find().toArray();
      const found = await world.tapes.find({ ...ADOPTED, ...NOT_EXCLUDED }).toArray();
      // The query and the look at a document agree.
      const included = every.filter((tape) => exclusionOf(tape) === undefined);
      expect(found.map(({ slug }) => slug).sort()).toEqual(included.map(({ slug }) => slug).sort());
      const before = await read(world, all);
      while (((await world.retry()).submitted as number) > 0);
      const after = await read(world, all);
      for (const { kind } of all) {
        const isPurged = after.get(kind.name)?.oven?.purge?.done === true;
        did.get(kind.name)?.push(ordered().includes(kind.name) ? 'handed over' : isPurged ? 'purged' : '–');
      }
      const nuked = [...before].filter(([, tape]) => tape.nuked).map(([name]) => name);
      expect(changed(before, after).sort()).toEqual([...ordered(), ...nuked].sort());
      expect(ordered()).toEqual(
        [...before]
          .filter(([, tape]) => ['pending', 'oven-failed'].includes(tape.mp4Status ?? ''))
          .filter(([name]) => !isExcluded(name))
          .map(([name]) => name)
          .sort(),
      );
    });

    test('A callback publishes adopted tapes that are public, and none that is excluded', async () => {
      await refill();
      await adoptAll();
      const before = await read(world, all);
      const records = await published(world);
      for (const old of all) {
        const answer = await world.deliver(callback(old), { id: `adopted-${old.id}` });
        const { status } = (await answer.json()) as { status: string };
        expect([old.kind.name, status === 'complete']).toEqual([old.kind.name, !old.kind.excluded]);
        did
          .get(old.kind.name)
          ?.push(status === 'complete' ? 'published' : status === 'nuked' ? 'purged' : '–');
      }
      const after = await read(world, all);
      const now = await published(world);
      for (const [name, tape] of after) {
        const record = [...now.keys()].filter((uri) =>
          uri.endsWith(`/${tape.at?.rkey ?? tape.atproto?.rkey}`),
        );
        const isNuked = before.get(name)?.nuked === true;
        // Each tape has one record, which replaces an earlier one. No tape has two, and no other tape has one.
        expect([name, record.length]).toEqual([name, tape.at && !isNuked ? 1 : 0]);
        if (isNuked || did.get(name)?.at(-1) === 'published') continue;
        expect([name, tape.mp4Url, tape.at]).toEqual([name, before.get(name)?.mp4Url, before.get(name)?.at]);
        for (const uri of record) expect([name, now.get(uri)]).toEqual([name, records.get(uri)]);
      }
      const fresh = [...now.keys()].filter((uri) => !records.has(uri));
      const lacked = [...before].filter(
        ([name, { at, atproto }]) => !at && !atproto && did.get(name)?.at(-1) === 'published',
      );
      expect(fresh.length).toBe(lacked.length);
    });

    test('docs/netlify.md has the same table of kinds', async () => {
      const rows = KINDS.map(({ name, of }) => `| ${name} | ${of} | ${did.get(name)?.join(' | ')} |`);
      const text = await readFile(DOC, 'utf8');
      const missing = rows.filter((row) => !text.includes(row));
      expect(missing.join('\n')).toBe('');
    });
  },
);
