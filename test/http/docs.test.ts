import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_CODES, FAILURE_CODES } from '../../service/errors.ts';
import { browserPath, launch, whyNot } from '../dashboard/browser.ts';
import { until } from '../rig/until.ts';
import { startTestService, type TestService } from './test-service.ts';

let testService: TestService;
beforeAll(async () => {
  testService = await startTestService({ PUBLIC_URL: 'https://oven.test/below/' });
});
afterAll(() => testService.close());

const ROUTES = [
  'post /bake',
  'post /thumbnail',
  'get /status/{jobId}',
  'get /health',
  'get /health/host',
  'get /health/work',
  'post /jobs/{id}/retry',
  'post /jobs/{id}/cancel',
  'post /jobs/{id}/rebake',
  'post /jobs/{id}/replay-callback',
  'get /admin/jobs',
  'get /admin/jobs/{id}',
  'get /admin/hosts',
  'delete /tapes/{slug}',
  'post /drain',
  'delete /drain',
];
type Webhook = {
  parameters: { in: string; name: string; required: boolean }[];
  requestBody: { content: { 'application/json': { schema: { $ref: string } } } };
};
type Operation = { responses: Record<string, unknown>; security?: readonly object[] };
const document = async () =>
  (await (await testService.fetch('/openapi.json')).json()) as {
    servers: { url: string }[];
    info: { description: string };
    paths: Record<string, Record<string, Operation>>;
    webhooks: Record<string, Record<string, Webhook>>;
    components: { schemas: Record<string, unknown> };
  };

describe('GET /openapi.json', () => {
  it('The document has every route of the contract, and no other', async () => {
    const { paths, servers } = await document();
    const found = Object.entries(paths).flatMap(([path, all]) =>
      Object.keys(all).map((method) => `${method} ${path}`),
    );
    expect(found.sort()).toEqual([...ROUTES].sort());
    expect(servers).toEqual([{ url: 'https://oven.test/below' }]);
  });

  it('The document has 413 for each route whose requests may have a body', async () => {
    const { paths } = await document();
    const operations = Object.values(paths).flatMap((methods) => Object.entries(methods));
    const sized = operations.filter(([method]) => method !== 'get');
    expect(sized.length).toBeGreaterThan(7);
    for (const [, { responses }] of sized) expect(Object.keys(responses)).toContain('413');
  });

  it('The document has each status of POST /bake, and names each code', async () => {
    const { info, paths } = await document();
    expect(Object.keys(paths['/bake']!.post!.responses)).toEqual([
      '200',
      '202',
      '400',
      '401',
      '403',
      '409',
      '413',
      '415',
      '429',
      '500',
      '503',
    ]);
    const text = JSON.stringify([info, paths]);
    for (const code of API_CODES) expect(text).toContain(`\`${code}\``);
  });

  it('The document says which routes need a secret', async () => {
    const { paths } = await document();
    const secured = Object.entries(paths)
      .filter(([, all]) =>
        Object.values(all).some(({ security }) => security?.every((way) => Object.keys(way).length > 0)),
      )
      .map(([path]) => path);
    expect(secured.sort()).toEqual(
      ROUTES.map((route) => route.split(' ')[1]!)
        .filter((path) => /jobs|tapes|drain|hosts/.test(path))
        .filter((path, n, all) => all.indexOf(path) === n)
        .sort(),
    );
  });

  it('Answers and results have addresses below PUBLIC_URL', async () => {
    const response = await testService.post('/bake', testService.body('a'));
    const { jobId, statusUrl } = (await response.json()) as { jobId: string; statusUrl: string };
    expect(statusUrl).toBe(`https://oven.test/below/status/${jobId}`);
    const { result } = (await testService.ended(jobId)) as { result: { outputs: { mp4: string } } };
    expect(result.outputs.mp4).toBe('https://oven.test/below/files/tapes/a.mp4');
  });
});

describe('The webhooks of the document', () => {
  it('The document describes both callbacks and the progress report, with the headers of their signature', async () => {
    const { webhooks, components } = await document();
    const bodies = Object.entries(webhooks).map(([name, { post }]) => {
      const { $ref } = post!.requestBody.content['application/json'].schema;
      const headers = post!.parameters.map((header) => [header.in, header.name, header.required]);
      expect(headers).toEqual([
        ['header', 'webhook-id', true],
        ['header', 'webhook-timestamp', true],
        ['header', 'webhook-signature', true],
      ]);
      return [name, $ref, Object.keys(components.schemas).includes($ref.split('/').at(-1)!)];
    });
    expect(bodies).toEqual([
      ['bakeDone', '#/components/schemas/SuccessCallback', true],
      ['bakeFailed', '#/components/schemas/FailureCallback', true],
      ['bakeProgress', '#/components/schemas/ProgressReport', true],
    ]);
  });
});

it('The page /docs may load nothing from elsewhere, and runs no script or style that stands in it', async () => {
  const response = await testService.fetch('/docs');
  expect(response.headers.get('content-type')).toContain('text/html');
  const html = await response.text();
  expect(html).not.toMatch(/<style|<img|@import|url\(|<script>|https?:/i);
  const links = [...html.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, link]) => link!);
  expect(links.filter((link) => /^(docs\/|openapi\.json$|data:,$)/.test(link))).toEqual(links);
  const policy = response.headers.get('content-security-policy');
  expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';/);
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
});

it('Below /docs/ there are only the files of the page', async () => {
  for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js', 'start.js']) {
    const response = await testService.fetch(`/docs/${name}`);
    expect([name, response.status]).toEqual([name, 200]);
    expect(response.headers.get('content-type')).toMatch(/^text\/(css|javascript); charset=utf-8$/);
  }
  for (const name of ['package.json', 'index.html', '..%2fstart.js'])
    expect([name, (await testService.fetch(`/docs/${name}`)).status]).toEqual([name, 404]);
});

describe.skipIf(!browserPath)(`The page /docs in a browser${whyNot}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  /** Opens the page. Errors in its console, and requests to anything else than this service, fail the test. */
  async function withPage(options: BrowserContextOptions, work: (page: Page) => Promise<void>) {
    const context = await browser.newContext(options);
    const complaints: string[] = [];
    const requests: string[] = [];
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    context.on('request', (request) => {
      if (!request.url().startsWith('data:')) requests.push(request.url());
    });
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(`${error}`));
    await page.goto(`${testService.url}/docs`);
    await page.getByRole('heading', { name: 'Callbacks' }).waitFor();
    await work(page);
    const paths = ['/docs', '/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js', '/docs/start.js'];
    const expected = [...paths, '/openapi.json'].map((path) => testService.url + path);
    expect({ complaints, requests }).toEqual({ complaints: [], requests: expected });
    await context.close();
  }

  it('The page /docs shows every route, callback, field and code, and asks only this service', () =>
    withPage({ viewport: { width: 1280, height: 900 } }, async (page) => {
      for (const id of ['post_bake', 'bakeDone', 'bakeFailed'])
        await page.locator(`[id$="-${id}"] .opblock-summary-control`).click();
      await page.getByText('Kind of output to its URL.').waitFor();
      const text = await page.locator('body').innerText();
      for (const route of ROUTES) expect(text.replaceAll('\u200b', '')).toContain(route.split(' ')[1]);
      for (const code of FAILURE_CODES) expect(text).toContain(code);
      for (const word of ['callbackSecret', 'progressUrl', 'Retry-After', 'webhook-id', 'webhook-signature'])
        expect(text).toContain(word);
      for (const name of ['bakeDone', 'bakeFailed', 'bakeProgress']) expect(text).toContain(name);
      expect(text).not.toContain('[object');
      expect(text).not.toContain('undefined');
    }));

  it('The page /docs fits a phone, is dark when the system is, and opens a route by keyboard', () =>
    withPage({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' }, async (page) => {
      const look = () => page.evaluate('getComputedStyle(document.documentElement).colorScheme');
      expect(await look()).toBe('dark');
      await page.emulateMedia({ colorScheme: 'light' });
      await until('it is light', async () => (await look()) !== 'dark');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
      await page.locator('.opblock-summary-control').first().focus();
      await page.keyboard.press('Enter');
      await page.getByText('The checks have this order').waitFor();
    }));
});
