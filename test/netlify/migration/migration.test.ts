import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { ObjectId } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { renderReport } from '../../../netlify/lib/adopt/report.ts';
import { select, WITHOUT_VIDEO } from '../../../netlify/lib/adopt/select.ts';
import { deadlineIn } from '../../../netlify/lib/deadline.ts';
import { forgetTapes } from '../../../netlify/lib/forget.ts';
import type { Tape } from '../../../netlify/lib/tapes/tape.ts';
import { KINDS } from '../kinds/kinds.ts';
import { environment } from '../rig/functions.ts';
import { noMongo } from '../rig/mongo.ts';
import { noPds } from '../rig/pds.ts';
import { bakedTape, startWorld, TOKEN, USER, type World } from '../rig/world.ts';
import { rehearse } from './rehearse.ts';

const ADOPT = join(import.meta.dirname, '../../../netlify/adopt.ts');
const why = noMongo() ?? noPds();
/** 58 copies of every kind are more than 2,000 documents. */
const COPIES = process.env.OVEN_TEST_MIGRATION === 'long' ? 58 : 2;
const PATIENCE = { timeout: 900_000 };

describe.skipIf(why)(`the migration of a site${why ? ` (skipped: ${why})` : ''}`, PATIENCE, () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  }, 120_000);
  afterAll(() => world?.stop());
  beforeEach(() => {
    world.oven.orders.length = 0;
    world.oven.answer = () => ({ status: 202, body: { jobId: 'job-1' } });
  });

  test('A rehearsed migration publishes nothing, loses no link, changes only what was asked for, and goes back', async () => {
    const { rows, report, outcomes, total, orders } = await rehearse(world, COPIES);
    console.table(rows);
    console.log(report, outcomes);
    expect(total).toBe(COPIES * KINDS.length);
    const chosen = orders;
    expect(chosen).toBeGreaterThan(10 * COPIES);
    expect(outcomes).toEqual(new Map([['baked, not published', chosen]]));
    const none = { unwantedPublications: 0, lostLinks: 0, changedNotAskedFor: 0 };
    expect(rows).toEqual([
      { step: 'inventory (dry run)', documents: 0, ...none },
      { step: 'the functions are switched on', documents: 0, ...none },
      { step: 'adopted and baked', documents: chosen, ...none },
      { step: 'watched: a scheduled run', documents: chosen, ...none },
      { step: 'back', documents: 0, ...none },
    ]);
  });

  test('A dry run over 2,000 documents reports each, and writes nothing', async () => {
    await world.tapes.deleteMany({});
    const when = (index: number) => new Date(Date.UTC(2026, 0, 1, 0, index));
    const statuses = ['pending', 'complete', 'failed', 'oven-failed'];
    const documents = Array.from({ length: 2000 }, (_, index) => ({
      _id: new ObjectId(),
      code: `x${index}`,
      slug: `tape${index}`,
      when: when(index),
      mp4Status: statuses[index % 4]!,
      ...(index % 10 === 0 && { nuked: true }),
    }));
    await world.tapes.insertMany(documents as Tape[]);
    for (const { slug } of documents.slice(0, 1500)) {
      world.storage.files.set(`/art/${slug}.zip`, { bytes: new Uint8Array(10) });
    }
    const dump = async () => JSON.stringify(await world.tapes.find().sort({ _id: 1 }).toArray());
    const before = await dump();
    const wanted = { statuses: WITHOUT_VIDEO, since: when(200), limit: 500, publish: false };
    const reader = { collection: world.tapes, zips: world.services.zips };
    const { chosen, leftAlone } = await select(reader, wanted, new AbortController().signal);
    const counts = Map.groupBy(leftAlone, (one) => one.why);
    const count = (reason: string) => counts.get(reason)?.length ?? 0;
    expect(chosen.length + leftAlone.length).toBe(2000);
    expect([chosen.length, count('it is taken down')]).toEqual([500, 200]);
    expect(count('its ZIP is missing')).toBe(325);
    expect(count('its status is complete')).toBe(450);
    expect(count('it is older than --since')).toBe(180);
    expect(count('it is beyond --limit')).toBe(345);
    expect(renderReport(chosen.length, leftAlone)).toMatch(
      /^2000 documents: 500 to adopt, 1500 left alone\n/,
    );
    expect(await dump()).toBe(before);
    expect(world.oven.orders).toEqual([]);
  });

  test('The command reads with --dry-run, refuses to act unasked, and with --yes adopts and lists', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'oven-adopt-'));
    const list = join(folder, 'list.jsonl');
    await world.tapes.deleteMany({});
    const slug = 'oldTape1';
    world.storage.files.set(`/art/${slug}.zip`, { bytes: new Uint8Array(10) });
    const _id = new ObjectId();
    await world.tapes.insertOne({ _id, code: 'old', slug, when: new Date(), mp4Status: 'pending' });
    const adopt = (...args: string[]) =>
      execa(process.execPath, [ADOPT, ...args], { env: environment(world), reject: false, stdin: 'ignore' });
    const before = await world.find(slug);
    const dry = await adopt('--dry-run', '--report', join(folder, 'left.jsonl'));
    expect([dry.exitCode, dry.stdout || dry.stderr]).toEqual([
      0,
      expect.stringMatching(/^1 documents: 1 to adopt/),
    ]);
    expect(await adopt()).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/WITHOUT publishing\? Say --yes/),
    });
    expect(await world.find(slug)).toEqual(before);
    expect(await adopt('--yes', '--list', list)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/1 adopted/),
    });
    expect(JSON.parse(await readFile(list, 'utf8'))).toMatchObject({
      mongoId: _id.toHexString(),
      slug,
      code: 'old',
      zipUrl: `${world.storage.url}/art/${slug}.zip`,
      callbackUrl: expect.stringContaining('/api/tape-bake-complete'),
    });
    expect((await world.find(slug)).oven).toMatchObject({ adoptedBy: 'operator', publish: false });
    expect(world.oven.orders).toEqual([]);
    expect(await adopt('--undo', '--yes')).toMatchObject({ exitCode: 0 });
    expect(await world.find(slug)).toEqual(before);
    await rm(folder, { recursive: true });
  });

  test('All tapes of a deleted user are taken away, and what is not Oven’s is named', async () => {
    await world.tapes.deleteMany({});
    const slugs = ['2026.05.01.10.00.00.001', '2026.05.01.10.00.00.002'];
    for (const slug of slugs) {
      const { callback } = await bakedTape(world, slug, undefined, TOKEN);
      await world.deliver(callback, { id: slug });
    }
    const ofUser = async () =>
      (await world.pds.records(world.user.did)).filter(({ value }) => slugs.includes(String(value.slug)));
    expect((await ofUser()).length).toBe(2);
    world.oven.purgeStatus = 500;
    const forget = () => forgetTapes(world.services, USER, deadlineIn(25));
    await expect(forget()).rejects.toMatchObject({ status: 503, code: 'NOT_PURGED' });
    world.oven.purgeStatus = 200;
    const said = await forget();
    expect(said.tapes).toBe(2);
    expect(said.stays.map(({ slug, stays }) => [slug, stays])).toEqual(slugs.map((slug) => [slug, ['zip']]));
    expect(await ofUser()).toEqual([]);
    for (const slug of slugs)
      expect(world.oven.purged.some((line) => line.includes(`/tapes/${slug}?`))).toBe(true);
    expect(await forget()).toEqual(said);
  });
});
