import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../rig/until.ts';
import { type DashboardFixture, openDashboardFixture } from './fixture.ts';
import { idOf } from './reports.ts';

let fixture: DashboardFixture;
let asked = 0;
beforeAll(async () => {
  fixture = await openDashboardFixture({
    maxClients: 3,
    maxShare: 2,
    heartbeatMs: 30,
    disk: async () => {
      asked += 1; // once for each refresh
      return { freeBytes: 31e9, totalBytes: 50e9 };
    },
  });
});
afterAll(() => fixture.close());

/** A client of the stream of events, and the text that it received. */
async function listen(): Promise<{ response: IncomingMessage; text: () => string; end: () => void }> {
  let text = '';
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${fixture.url}/events`, { agent: false }, resolve).on('error', reject);
  });
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  response.on('error', () => {}); // ended by this side
  return { response, text: () => text, end: () => response.destroy() };
}

describe('The pages of the dashboard', () => {
  test('The pages show a tape from the queue to its end, and no secret of its request', async () => {
    const jobId = await fixture.submit('guest-1');
    const bake = await fixture.held('guest-1');
    bake.tell({ stage: 'encoding', progress: 0.37 });
    const load = async (path: string) => (await fetch(fixture.url + path)).text();
    const pages = async () => [await load('/'), await load(`/jobs/${jobId}`)];
    await until('the progress is shown', async () => (await load('/')).includes('value="37"'));
    const during = await pages();
    bake.fail({
      code: 'SOURCE_REFUSED',
      message: 'https://user.test/auth0%7Chush/x.zip?sig=hush said <b>no</b>',
    });
    await until('the failure is shown', async () => (await load('/')).includes('SOURCE_REFUSED'));
    await until('the callback is sent', async () => (await load('/')).includes('class="sent"'));
    const after = await pages();
    for (const html of after) expect(html).toContain('https://user.test/… said &lt;b&gt;no&lt;/b&gt;');
    for (const html of [...during, ...after]) expect(html).not.toContain('hush');
    const client = await listen();
    await until('all of it came', () => client.text().includes('guest-1'));
    expect(client.text()).not.toContain('hush');
    client.end();
  });

  test('The pages show the state of the callback', async () => {
    fixture.answers.set('guest-2', { lastError: 'The receiver answered 410.' });
    const jobId = await fixture.bakeWhole('guest-2');
    await until('it was given up', async () => (await fixture.queue.status(jobId))?.callback.givenUp);
    expect(await (await fetch(`${fixture.url}/?status=undelivered`)).text()).toContain('given up');
    fixture.answers.delete('guest-2');
    await fixture.queue.replayCallback(jobId);
    await until('it was sent', async () => (await fixture.queue.status(jobId))?.callback.delivered);
    expect((await fixture.queue.status(jobId))?.callback.givenUp).toBeUndefined();
  });

  test.each(['/', `/jobs/${idOf(1)}`, '/events'])(
    'The content security policy of %s allows the own origin only',
    async (path) => {
      const response = await fetch(fixture.url + path);
      await response.body?.cancel();
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy.split('; ')).toEqual(
        expect.arrayContaining(["default-src 'none'", "script-src 'self'", "style-src 'self'"]),
      );
      expect(policy).not.toMatch(/unsafe|\*|https:(?!\/)/);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('cache-control')).toContain('no-store');
    },
  );

  test.each(['no', idOf(0xdead), `${idOf(1)}-0`, '%2e%2e%2fetc', '<script>'])(
    'The page of the unknown job %s answers 404',
    async (id) => {
      const response = await fetch(`${fixture.url}/jobs/${id}`);
      expect(response.status).toBe(404);
      expect(await response.text()).toContain('No such job');
    },
  );

  test('Files are cached for ever under their own hash, and not at all under another', async () => {
    const html = await (await fetch(fixture.url)).text();
    const paths = [...html.matchAll(/(?:src|href)="(\/dashboard\/[^"]+)"/g)].map(([, path]) => path!);
    expect(paths).toHaveLength(6); // the icon, four style sheets, a script
    for (const path of paths) {
      const response = await fetch(fixture.url + path);
      expect([path, response.status]).toEqual([path, 200]);
      expect(response.headers.get('cache-control')).toContain('immutable');
      const older = await fetch(fixture.url + path.replace(/\/[0-9a-f]{12}\//, '/000000000000/'));
      expect([older.status, older.headers.get('cache-control')]).toEqual([200, 'no-store']);
    }
    expect((await fetch(`${fixture.url}/dashboard/0/tsconfig.json`)).status).toBe(404);
    expect((await fetch(`${fixture.url}/dashboard/0/..%2f..%2froutes.ts`)).status).toBe(404);
  });
});

describe('The stream of events', () => {
  test('The stream refuses a fourth client, sends heartbeats, and asks nothing when all clients are gone', async () => {
    const clients = [await listen(), await listen(), await listen()];
    for (const { response } of clients) {
      expect(response.headers['content-type']).toBe('text/event-stream');
      expect(response.headers['cache-control']).toBe('no-store, no-transform');
    }
    const refused = await fetch(`${fixture.url}/events`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '15']);
    expect(await refused.json()).toMatchObject({ error: { code: 'PAGES_FULL' } });
    for (const client of clients) {
      await until('a heartbeat', () => client.text().includes('\n: nothing new\n'));
      expect(client.text()).toMatch(/^event: change\ndata: \{.*\}\nretry: 2000\n\n/);
      client.end();
    }
    // The places are free again as soon as the server notices the ends …
    const next = await until('a place', async () => {
      const one = await listen();
      if (one.response.statusCode === 200) return one;
      one.end();
      return undefined;
    });
    next.end();
    // … and then nothing is asked: the count stays the same over many intervals.
    let last = -1;
    let still = 0;
    await until('the polls end', () => {
      still = asked === last ? still + 1 : 0;
      last = asked;
      return still > 20;
    });
  });

  test('A visitor who has its share is refused as JSON, and others are not', async () => {
    const answers = [];
    for (const address of ['203.0.113.9', '203.0.113.9', '203.0.113.9', '203.0.113.10']) {
      answers.push(await fetch(`${fixture.url}/events`, { headers: { 'x-real-ip': address } }));
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 200]);
    expect(await answers[2]!.json()).toMatchObject({ error: { code: 'TOO_MANY_PAGES' } });
    for (const answer of answers) await answer.body?.cancel().catch(() => {});
  });

  test('A HEAD request takes no place in the stream', async () => {
    for (let n = 0; n < 4; n += 1) {
      const response = await fetch(`${fixture.url}/events`, { method: 'HEAD' });
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    }
    const client = await listen();
    expect(client.response.statusCode).toBe(200);
    client.end();
  });

  test('The stream sends the announcement of a tape that is done', async () => {
    const client = await listen();
    await until('all of it came', () => client.text().includes('\n\n'));
    await fixture.bakeWhole('guest-3');
    await until('it was said', () => client.text().includes('"announcement":"guest-3 is done."'));
    client.end();
  });
});

test('The page reports a lost Redis, keeps its last view, and recovers', async () => {
  await fixture.bakeWhole('guest-4');
  const client = await listen();
  await until('all of it came', () => client.text().includes('guest-4'));
  await fixture.redis.kill();
  await until('the stream says so', () => client.text().includes('The queue can not be reached.'));
  const response = await fetch(fixture.url);
  expect(response.status).toBe(503);
  expect(await response.text()).toMatch(/role="alert">The queue can not be reached[\s\S]*guest-4/);
  expect((await fetch(`${fixture.url}/jobs/${idOf(1)}`)).status).toBe(503);
  await fixture.redis.start();
  await until('it is well again', async () => (await fetch(fixture.url)).status === 200);
  await until('the stream says so', () =>
    /"trouble":""/.test(client.text().split('can not be reached').at(-1)!),
  );
  client.end();
});

test('The end of the service ends the stream', async () => {
  const shutdown = new AbortController();
  const other = await openDashboardFixture({ signal: shutdown.signal });
  const response = await fetch(`${other.url}/events`);
  shutdown.abort();
  expect(await response.text()).toBeDefined(); // the response ends
  expect((await fetch(`${other.url}/events`)).status).toBe(503);
  await other.close();
});
