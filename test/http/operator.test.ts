import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onError } from '../../service/http/errors.ts';
import { isOperator, openOperator, operatorOnly } from '../../service/http/operator.ts';
import { openLog } from '../../service/lib/log.ts';
import { until } from '../rig/until.ts';
import { BEARER, OLD_SECRET, SECRET, startTestService, type TestService } from './test-service.ts';

const page = 'https://oven.test';
const log = openLog({ level: 'silent', secrets: [] });
/** An app whose pages say whether the operator asks. */
const appOf = (callbackSecrets: string[], now?: () => number, publicUrl = page) => {
  const secrets = { accepts: (secret: string) => callbackSecrets.find((one) => one === secret) };
  const operator = openOperator({
    secrets,
    callbackSecrets,
    publicUrl: new URL(publicUrl),
    ...(now && { now }),
  });
  const app = new Hono();
  app.onError(onError(log));
  app.use(operator.identify);
  app.get('/', (c) => c.text(String(isOperator(c))));
  app.post('/act', operatorOnly, (c) => c.text('done'));
  app.post('/login', async (c) => {
    operator.login(c, await c.req.text());
    return c.text('in');
  });
  app.post('/logout', (c) => {
    operator.logout(c);
    return c.text('out');
  });
  return app;
};
const loginTo = (app: Hono, secret: string, headers: Record<string, string> = { origin: page }) =>
  app.request('/login', { method: 'POST', body: secret, headers });
const cookieOf = (answer: Response) => answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';

describe('The operator’s login', () => {
  const asks = async (app: Hono, cookie: string) => (await app.request('/', { headers: { cookie } })).text();
  const acts = async (app: Hono, headers: Record<string, string>) =>
    (await app.request('/act', { method: 'POST', headers })).status;

  it('An accepted secret sets a cookie that no script reads and no other site sends', async () => {
    const app = appOf(['one', 'two']);
    const answer = await loginTo(app, 'two');
    expect(answer.status).toBe(200);
    const [cookie = ''] = answer.headers.getSetCookie();
    expect(cookie).toMatch(
      /^__Host-oven=\d+\.[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    expect(cookie).not.toContain('two');
    expect(await asks(app, cookieOf(answer))).toBe('true');
    expect(await asks(app, '')).toBe('false');
  });

  it('Over http, as on a laptop, the cookie is sent without TLS', async () => {
    const url = 'http://localhost:3000';
    const app = appOf(['one'], undefined, url);
    const answer = await loginTo(app, 'one', { origin: 'http://127.0.0.1:3000', host: '127.0.0.1:3000' });
    expect(answer.headers.getSetCookie()[0]).toMatch(
      /^oven=[^;]+; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    expect(await asks(app, cookieOf(answer))).toBe('true');
  });

  it('The cookie ends after twelve hours, and with its secret, but not when another secret becomes the first', async () => {
    let now = Date.UTC(2026, 0, 1);
    const app = appOf(['one', 'two'], () => now);
    const cookie = cookieOf(await loginTo(app, 'two'));
    expect(
      await asks(
        appOf(['new', 'one'], () => now),
        cookie,
      ),
    ).toBe('true'); // signed by the first secret
    expect(
      await asks(
        appOf(['new', 'two'], () => now),
        cookie,
      ),
    ).toBe('false');
    now += 12 * 3600_000 - 1000;
    expect(await asks(app, cookie)).toBe('true');
    now += 1000;
    expect(await asks(app, cookie)).toBe('false');
  });

  it.each([
    ['a later end', (value: string) => value.replace(/=\d/, '=9')],
    ['a zero before its end', (value: string) => value.replace('=', '=0')],
    ['another signature', (value: string) => `${value.slice(0, -3)}AAA`],
    ['no signature', (value: string) => value.replace(/\..*/, '.')],
    ['more after it', (value: string) => `${value}A`],
    ['no end', (value: string) => value.replace(/\d+/, '')],
    ['nothing', () => '__Host-oven='],
  ])('A cookie with %s is refused', async (_what, change) => {
    const app = appOf(['one']);
    const cookie = cookieOf(await loginTo(app, 'one'));
    expect(await asks(app, change(cookie))).toBe('false');
  });

  it.each([
    [page, 200],
    ['http://oven.test', 401],
    ['https://oven.test:8443', 401],
    ['https://evil.test', 401],
    ['https://oven.test.evil.test', 401],
    ['null', 401],
    [undefined, 401],
  ])('A POST with the cookie from a page of %s answers %d', async (origin, status) => {
    const app = appOf(['one']);
    const cookie = cookieOf(await loginTo(app, 'one'));
    expect(await acts(app, origin === undefined ? { cookie } : { cookie, origin })).toBe(status);
    const answer = await loginTo(app, 'one', origin === undefined ? {} : { origin });
    expect(answer.status).toBe(status);
  });

  it.each([
    ['same-origin', 'null', 200], // a page without a referrer
    ['same-site', page, 401],
    ['cross-site', 'null', 401],
    ['none', page, 401],
  ])(
    'A POST with the cookie, Sec-Fetch-Site %s and the origin %s answers %d',
    async (site, origin, status) => {
      const app = appOf(['one']);
      const cookie = cookieOf(await loginTo(app, 'one'));
      expect(await acts(app, { cookie, origin, 'sec-fetch-site': site })).toBe(status);
    },
  );

  it('A secret in the header needs no page', async () => {
    const app = appOf(['one']);
    expect(await acts(app, { authorization: 'Bearer one' })).toBe(200);
    expect(await acts(app, { authorization: 'Bearer no' })).toBe(401);
  });

  it('After ten wrong secrets an address has to wait, and other addresses have not', async () => {
    const app = appOf(['one']);
    const from = (address: string) => ({ origin: page, 'x-real-ip': address });
    for (let n = 0; n < 10; n += 1) expect((await loginTo(app, 'no', from('203.0.113.9'))).status).toBe(401);
    const refused = await loginTo(app, 'one', from('203.0.113.9'));
    expect([refused.status, ((await refused.json()) as Refusal).error.code]).toEqual([429, 'TOO_MANY_TRIES']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(800);
    expect((await loginTo(app, 'one', from('203.0.113.10'))).status).toBe(200);
  });
});

describe('The dashboard of a service', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService({ DASHBOARD: 'private' });
  });
  afterAll(() => service.close());

  const login = (secret: string, next = '/', headers: Record<string, string> = { origin: service.url }) =>
    service.fetch('/login', {
      method: 'POST',
      redirect: 'manual',
      headers,
      body: new URLSearchParams({ secret, next }),
    });

  it('A private dashboard shows a visitor the login alone, and the operator everything', async () => {
    const { jobId } = await service.bake(service.body('a'));
    await service.ended(jobId);
    for (const path of ['/', `/jobs/${jobId}`, '/jobs/none', '/?status=done']) {
      const answer = await service.fetch(path);
      const html = await answer.text();
      expect([path, answer.status]).toEqual([path, 401]);
      expect(html).toContain('type="password"');
      expect(html).not.toContain(jobId === path.slice(6) ? '>a<' : jobId);
      expect(html).not.toContain('dashboard.js');
    }
    const events = await service.fetch('/events');
    expect([events.status, ((await events.json()) as Refusal).error.code]).toEqual([401, 'UNAUTHORIZED']);
    expect((await service.fetch('/health')).status).toBe(200);

    const answer = await login(SECRET, `/jobs/${jobId}`);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `/jobs/${jobId}`]);
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    for (const headers of [{ cookie }, BEARER] as Record<string, string>[]) {
      const page = await service.fetch('/', { headers });
      expect(page.status).toBe(200);
      expect(await page.text()).toContain(`/jobs/${jobId}`);
    }
    const stream = await service.fetch('/events', { headers: { cookie } });
    expect(stream.status).toBe(200);
    await stream.body?.cancel();
  });

  it('The stream of an operator ends with the session', async () => {
    const url = 'http://127.0.0.1';
    const app = appOf([SECRET], () => Date.now() - (12 * 3600 - 2) * 1000, url);
    let cookie = '';
    const stream = await until('a stream begins before the session ends', async () => {
      cookie = cookieOf(await loginTo(app, SECRET, { origin: url }));
      const answer = await service.fetch('/events', { headers: { cookie } });
      return answer.status === 200 && answer;
    });
    expect(await stream.text()).toContain('event: change'); // the whole of a stream that ends
    expect((await service.fetch('/events', { headers: { cookie } })).status).toBe(401);
  });

  it('The cookie permits what the header permits, from a page of Oven’s alone', async () => {
    const answer = await login(OLD_SECRET);
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const drain = (headers: Record<string, string>) => service.fetch('/drain', { method: 'DELETE', headers });
    expect((await drain({ cookie })).status).toBe(401);
    expect((await drain({ cookie, origin: 'https://evil.test' })).status).toBe(401);
    expect((await drain({ cookie, origin: service.url })).status).toBe(200);
    const out = await service.fetch('/logout', {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie, origin: service.url },
    });
    expect([out.status, out.headers.getSetCookie()[0]]).toEqual([303, expect.stringContaining('Max-Age=0')]);
  });

  it.each(['//evil.test', 'https://evil.test/', '/jobs/../status', '/jobs//evil.test', '/login', ''])(
    'A login with the next page %j leads to the dashboard',
    async (next) => {
      const answer = await login(SECRET, next);
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
    },
  );

  it('A wrong secret is shown to nobody: neither on the page nor in the log', async () => {
    const answer = await login('<b>wrong-secret-1234</b>', '"><script>');
    const html = await answer.text();
    expect([answer.status, html.includes('is not one that Oven accepts')]).toEqual([401, true]);
    expect(html).not.toMatch(/wrong-secret-1234|"><script>/);
    expect(service.log.join('')).not.toContain('wrong-secret-1234');
    expect(service.log.join('')).toContain('"msg":"login refused"');
  });

  it.each([
    ['a JSON body', { 'content-type': 'application/json' }, '{"secret":"x"}'],
    ['a torn form', { 'content-type': 'multipart/form-data; boundary=x' }, '--x\r\nno'],
    ['no body', {}, ''],
  ] as const)('A login with %s answers 401', async (_what, headers, body) => {
    const answer = await service.fetch('/login', {
      method: 'POST',
      headers: { origin: service.url, ...headers },
      body,
    });
    expect(answer.status).toBe(401);
  });
});

interface Refusal {
  readonly error: { readonly code: string };
}
