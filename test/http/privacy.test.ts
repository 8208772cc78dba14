/** A private tape from POST to its callback: nothing that is public, and no line of the log, says which tape it is. */
import { copyFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../rig/until.ts';
import { BEARER, startTestService, type TestService } from './test-service.ts';

/** Is in every name and text of the private tapes, and in nothing else. */
const MARK = 'zq7';
const FIELDS = { private: true, code: `${MARK}-code`, metadata: { title: `${MARK}-title` } };
const nameOf = (what: string) => `${MARK}-${what}`;

let service: TestService;
let events = '';
const stopEvents = new AbortController();
beforeAll(async () => {
  service = await startTestService();
  const stream = await service.fetch('/events', { signal: stopEvents.signal });
  const read = async () => {
    for await (const chunk of stream.body!) events += Buffer.from(chunk).toString();
  };
  read().catch(() => {}); // ended by this side
});
afterAll(async () => {
  stopEvents.abort();
  await service.close();
});

const isEnded = (jobId: string) =>
  until('the callback has ended', async () => {
    const { status, callback } = (await (await service.fetch(`/status/${jobId}`)).json()) as {
      status: string;
      callback: { delivered: boolean; givenUp?: boolean };
    };
    return ['done', 'failed'].includes(status) && (callback.delivered || callback.givenUp);
  });

/** An answer of the service as one text. */
async function textOf(path: string, init: RequestInit = {}): Promise<string> {
  const response = await service.fetch(path, { redirect: 'manual', ...init });
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
  return `${init.method ?? 'GET'} ${path} ${response.status}\n${headers}\n\n${await response.text()}`;
}

interface Operation {
  readonly requestBody?: object;
}

/** Asks every route of the API's document, every page, and what pages link to, without the secret. */
async function crawl(jobIds: readonly string[]): Promise<Map<string, string>> {
  const { paths } = (await (await service.fetch('/openapi.json')).json()) as {
    paths: Record<string, Record<string, Operation>>;
  };
  const answers = new Map<string, string>();
  const ask = async (path: string, init: RequestInit = {}) => {
    const what = `${init.method ?? 'GET'} ${path}`;
    if (!answers.has(what)) answers.set(what, await textOf(path, init));
    return answers.get(what)!;
  };
  for (const jobId of jobIds) {
    for (const [template, operations] of Object.entries(paths)) {
      const path = template.replace(/\{\w+\}/g, jobId);
      for (const [method, { requestBody }] of Object.entries(operations)) {
        const body = requestBody && { body: '{}', headers: { 'content-type': 'application/json' } };
        await ask(path, { method: method.toUpperCase(), ...body });
      }
    }
    await ask(`/jobs/${jobId}`);
    await ask(`/jobs/${jobId}`, { method: 'HEAD' });
  }
  const pending = ['/', '/?q=tape', '/?status=failed', '/?status=done', '/health', '/health/work', '/docs'];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const found = (await ask(path)).matchAll(/(?:href|src|action|poster)="(\/[^"]*)"/g);
    for (const [, link = ''] of found) {
      if (!answers.has(`GET ${link}`) && link !== '/events') pending.push(link);
    }
  }
  const metrics = /"metrics":"([^"]+)"/.exec(service.log.join(''))![1]!;
  answers.set('metrics', await (await fetch(metrics)).text());
  return answers;
}

async function expectNothing(jobIds: readonly string[]): Promise<void> {
  // The list is read once a second at most.
  await until('the list has all of them', async () => {
    const list = await textOf('/');
    return jobIds.every((jobId) => list.includes(`href="/jobs/${jobId}"`));
  });
  const answers = await crawl(jobIds);
  const told = [...answers].filter(([, text]) => text.includes(MARK)).map(([what]) => what);
  expect(told).toEqual([]);
  expect(service.log.filter((line) => line.includes(MARK))).toEqual([]);
  expect(events).not.toContain(MARK);
  for (const jobId of jobIds) {
    expect(answers.get('GET /')).toContain(`href="/jobs/${jobId}">a tape</a>`);
    expect(answers.get(`GET /jobs/${jobId}`)).toContain('<h2 id="job-title">a tape ');
    expect(JSON.parse(answers.get(`GET /status/${jobId}`)!.split('\n\n')[1]!)).toMatchObject({
      slug: 'a tape',
      private: true,
    });
  }
}

describe('A private tape', () => {
  it('A private tape is "a tape" on every page, stream, log and answer from POST to callback, and the operator sees it', async () => {
    const { jobId } = await service.bake(
      service.stalled(nameOf('slug'), { ...FIELDS, mongoId: nameOf('mongo') }),
    );
    await until('it is fetched', async () => (await textOf(`/status/${jobId}`)).includes('downloading'));
    const working = () => readdir(join(service.root, 'temp'));
    await until('it has a folder', async () => (await working()).some((name) => name.includes(jobId)));
    expect((await working()).join()).not.toContain(MARK);
    await until('its page changes', () => events.includes(jobId));
    await expectNothing([jobId]);

    service.isStalling = false;
    await service.post(`/jobs/${jobId}/cancel`, {}, BEARER);
    await isEnded(jobId);
    await service.post(`/jobs/${jobId}/retry`, {}, BEARER);
    await until('it is done', async () => (await textOf(`/status/${jobId}`)).includes('"done"'));
    await isEnded(jobId);
    await expectNothing([jobId]);

    const told = service.calls
      .map(({ body }) => JSON.parse(body))
      .filter(({ slug }) => slug === nameOf('slug'));
    const key = `tapes/${nameOf('slug')}.mp4`;
    expect(told.at(-1)).toMatchObject({ code: FIELDS.code, outputs: {}, keys: { mp4: key } });
    expect(told.at(-1)).not.toHaveProperty('mp4Url');
    expect(await textOf(`/status/${jobId}`, { headers: BEARER })).toContain(key);
    expect(await textOf('/', { headers: BEARER })).toContain(nameOf('slug'));
    expect(await textOf(`/jobs/${jobId}`, { headers: BEARER })).toContain(key);

    const file = `/files/${key}`;
    expect((await service.fetch(file)).status).toBe(404);
    expect(await (await service.fetch(file)).text()).not.toContain(MARK);
    const own = await service.fetch(file, { headers: BEARER });
    expect([own.status, own.headers.get('cache-control')]).toEqual([200, 'private, max-age=300']);

    // The second purge finds no job any more that says whether the tape is private.
    for (const _time of [1, 2])
      await service.fetch(`/tapes/${nameOf('slug')}`, { method: 'DELETE', headers: BEARER });
    expect(service.log.filter((line) => line.includes(MARK))).toEqual([]);
    expect((await readdir(join(service.root, 'blobs', 'tapes'))).join()).not.toContain(MARK);
  });

  it('A private tape that fails is "a tape", with the code of its failure', async () => {
    const [missing, bad] = [nameOf('missing'), nameOf('bad')];
    await writeFile(join(service.root, 'art', `${bad}.zip`), 'no ZIP');
    service.receive = () => 410;
    const bodies = [missing, bad].map((slug) => service.body(slug, { ...FIELDS, mongoId: slug }));
    const jobIds = await Promise.all(bodies.map(async (body) => (await service.bake(body)).jobId));
    for (const jobId of jobIds) await isEnded(jobId);
    service.receive = () => 200;
    await expectNothing(jobIds);
    const reports = await Promise.all(jobIds.map((jobId) => textOf(`/status/${jobId}`)));
    expect(reports[0]).toContain('SOURCE_NOT_FOUND');
    expect(reports[1]).toContain('NOT_A_ZIP');
    const causes = service.log.filter((line) => line.includes('bake failed') && line.includes('ENOENT'));
    expect(causes.length).toBeGreaterThan(0);
  });

  it('What is looked for is found where a tape is not private', async () => {
    const slug = nameOf('public');
    await copyFile(join(service.root, 'art', 'a.zip'), join(service.root, 'art', `${slug}.zip`));
    const { jobId } = await service.bake(service.body(slug));
    await isEnded(jobId);
    await until('its page changes', () => events.includes(slug));
    const answers = await crawl([jobId]);
    for (const what of ['GET /', `GET /jobs/${jobId}`, `GET /status/${jobId}`]) {
      expect(answers.get(what)).toContain(slug);
    }
    expect(service.log.join('')).toContain(slug);
    expect((await service.fetch(`/files/tapes/${slug}.mp4`)).status).toBe(200);
  });
});
