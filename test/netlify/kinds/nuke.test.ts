import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tapeBakeComplete } from '../../../netlify/lib/callback/complete.ts';
import { deadlineIn } from '../../../netlify/lib/deadline.ts';
import { answerErrors } from '../../../netlify/lib/http.ts';
import type { Services } from '../../../netlify/lib/services.ts';
import { freePort } from '../../rig/port.ts';
import { until } from '../../rig/until.ts';
import { makeTape } from '../../tapes/make.ts';
import { noMongo } from '../rig/mongo.ts';
import { noPds } from '../rig/pds.ts';
import { bodyOf, type ServerRig, startServer } from '../rig/server.ts';
import { noOven, type OvenService, startOven } from '../rig/service.ts';
import { SECRET, startWorld, TOKEN, type World } from '../rig/world.ts';
import { fill, type Old, published, read } from './collection.ts';

const why = noMongo() ?? noPds() ?? noOven();
const DOC = join(import.meta.dirname, '../../../docs/netlify.md');
/** These are sent again before, so that the new Oven has files of them, under its own names. */
const SENT = ['waiting, user', 'a finished draft, user'];

describe.skipIf(why)(`nuked and brought back${why ? ` (skipped: ${why})` : ''}`, () => {
  let world: World;
  let site: ServerRig;
  let oven: OvenService;
  let services: Services;
  let all: Old[];
  let users: Old[];
  let before: Awaited<ReturnType<typeof read>>;
  const did = new Map<string, string[]>();
  beforeAll(async () => {
    world = await startWorld();
    site = await startServer(async (incoming, outgoing) => {
      const body = (await bodyOf(incoming)).toString();
      const headers = incoming.headers as Record<string, string>;
      const request = new Request('https://site.test/', { method: 'POST', headers, body });
      const said = await answerErrors(services.log, () =>
        tapeBakeComplete(services, request, deadlineIn(25)),
      );
      outgoing.writeHead(said.status, Object.fromEntries(said.headers)).end(await said.text());
    });
    const sources = [`${world.storage.url}/art`, `${world.storage.url}/user`];
    oven = await startOven(await freePort(), SECRET, sources, site.url);
    services = await world.reopen({
      oven: new URL(oven.url),
      callbackUrl: `${site.url}/`,
      blobs: [new URL(oven.files)],
    });
    const folder = await mkdtemp(join(tmpdir(), 'oven-kinds-'));
    await makeTape(join(folder, 'tape.zip'), { scene: 'sprites', width: 40, height: 30, seconds: 0.2 });
    const zip = new Uint8Array(await readFile(join(folder, 'tape.zip')));
    await rm(folder, { recursive: true });
    all = await fill(world, { blobs: oven.files, user: `${world.storage.url}/user` }, zip);
    await mkdir(join(oven.folder, 'tapes'), { recursive: true });
    // What the older oven stored says nothing of its tape.
    for (const { mp4Url } of (await read(world, all)).values()) {
      const [, code] = /tapes\/(\w+)\.mp4$/.exec(mp4Url ?? '') ?? [];
      for (const end of code ? ['.mp4', '-thumb.jpg'] : []) {
        await writeFile(join(oven.folder, 'tapes', `${code}${end}`), 'from before');
      }
    }
    users = all.filter(({ kind }) => kind.of === 'user');
    for (const { kind, slug } of users) {
      if (SENT.includes(kind.name)) await world.track({ body: { slug, ext: 'zip' }, token: TOKEN }, services);
    }
    for (const name of SENT) await synced(name);
    before = await read(world, all);
  }, 180_000);
  afterAll(async () => {
    await oven?.stop();
    await site?.stop();
    await world?.stop();
  });
  const tapeOf = async (name: string) => (await read(world, all)).get(name)!;
  const synced = (name: string) =>
    until(
      `${name} is baked`,
      async () => /complete|not-published/.test((await tapeOf(name)).oven?.sync?.status ?? ''),
      60,
    );
  const put = async ({ slug }: Old, nuke: boolean) => {
    const answered = await world.track({ method: 'PUT', body: { slug, nuke }, token: TOKEN }, services);
    return { status: answered.status, body: (await answered.json()) as Record<string, string & string[]> };
  };
  const files = async () =>
    (await readdir(join(oven.folder, 'tapes'))).filter((name) => !name.startsWith('.')).sort();
  const recordsOf = async (name: string) => {
    const { at, atproto } = before.get(name)!;
    const rkey = at?.rkey ?? atproto?.rkey ?? (await tapeOf(name)).at?.rkey;
    return [...(await published(world)).keys()].filter((uri) => uri.endsWith(`/${rkey}`));
  };

  test('After a nuke no file of Oven or of the older oven and no record is public', async () => {
    expect((await files()).length).toBeGreaterThan(10);
    for (const old of users) {
      const { status, body } = await put(old, true);
      expect([old.kind.name, status, body.nuked, body.purged]).toEqual([old.kind.name, 200, true, true]);
      did.set(old.kind.name, [[...body.removed!].join(', ') || '–', [...body.stays!].join(', ') || '–']);
    }
    const guests = all.filter(({ kind }) => kind.of === 'guest').map(({ code }) => code);
    expect((await files()).filter((name) => !guests.some((code) => name.startsWith(code)))).toEqual([]);
    for (const { kind } of users) expect([kind.name, await recordsOf(kind.name)]).toEqual([kind.name, []]);
    for (const [name, { mp4Url, thumbnailUrl }] of await read(world, users)) {
      for (const url of [mp4Url, thumbnailUrl]) {
        // No link leads to nowhere, and none that leads elsewhere was lost.
        if (url) expect([name, (await fetch(url)).status]).toEqual([name, 200]);
      }
      const was = before.get(name)!;
      if (!was.mp4Url?.startsWith(oven.files)) expect([name, mp4Url]).toEqual([name, was.mp4Url]);
      expect([name, (await tapeOf(name)).mp4]).toEqual([name, was.mp4]);
    }
  }, 120_000);

  test('A document that comes back has its former links, and nothing new is published', async () => {
    const anew: string[] = [];
    for (const old of users) {
      const { status, body } = await put(old, false);
      expect([old.kind.name, status, body.nuked]).toEqual([old.kind.name, 200, false]);
      if (body.video === 'baked-anew') anew.push(old.kind.name);
      did
        .get(old.kind.name)
        ?.push([body.video, body.record && `record ${body.record}`].filter(Boolean).join(', '));
    }
    for (const name of anew) await synced(name);
    for (const [name, was] of before) {
      if (!users.some(({ kind }) => kind.name === name)) continue;
      const tape = await tapeOf(name);
      const isHidden = name.startsWith('private, baked');
      const had = was.mp4Url ?? was.mp4;
      if (had && !isHidden) expect([name, typeof (tape.mp4Url ?? tape.mp4)]).toEqual([name, 'string']);
      if (tape.mp4Url) expect([name, (await fetch(tape.mp4Url)).status]).toEqual([name, 200]);
      const hadRecord = (was.at ?? was.atproto) !== undefined;
      expect([name, (await recordsOf(name)).length]).toEqual([name, hadRecord && !isHidden ? 1 : 0]);
      // What nothing was removed of is as it was.
      if (did.get(name)?.[0] === '–') expect(tape).toEqual({ ...was, nuked: false });
    }
  }, 180_000);

  test('A hidden tape is baked again when it is visible again', async () => {
    const name = 'private, baked by the older oven';
    expect((await tapeOf(name)).mp4Status).toBe('pending');
    await world.tapes.updateOne({ _id: (await tapeOf(name))._id }, { $unset: { private: '' } });
    expect(await world.retry(services)).toMatchObject({ submitted: 1 });
    await synced(name);
    expect((await recordsOf(name)).length).toBe(1);
  }, 90_000);

  test('docs/netlify.md has the same table of nukes', async () => {
    const rows = users.map(({ kind: { name } }) => `| ${name} | ${did.get(name)?.join(' | ')} |`);
    const text = await readFile(DOC, 'utf8');
    expect(rows.filter((row) => !text.includes(row)).join('\n')).toBe('');
  });
});
