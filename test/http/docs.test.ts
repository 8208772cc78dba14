import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_CODES, FAILURE_CODES } from '../../service/errors.ts';
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
  'get /health/work',
  'post /jobs/{id}/retry',
  'post /jobs/{id}/cancel',
  'post /jobs/{id}/replay-callback',
  'delete /tapes/{slug}',
  'post /drain',
  'delete /drain',
];
type Webhook = {
  parameters: { in: string; name: string; required: boolean }[];
  requestBody: { content: { 'application/json': { schema: { $ref: string } } } };
};
type Operation = { responses: Record<string, unknown>; security?: unknown };
const document = async () =>
  (await (await testService.fetch('/openapi.json')).json()) as {
    servers: { url: string }[];
    info: { description: string };
    paths: Record<string, Record<string, Operation>>;
    webhooks: Record<string, Record<string, Webhook>>;
    components: { schemas: Record<string, unknown> };
  };

describe('the document', () => {
  it('has every route of the contract, and no other', async () => {
    const { paths, servers } = await document();
    const found = Object.entries(paths).flatMap(([path, all]) =>
      Object.keys(all).map((method) => `${method} ${path}`),
    );
    expect(found.sort()).toEqual([...ROUTES].sort());
    expect(servers).toEqual([{ url: 'https://oven.test/below' }]);
  });

  it('names each status of POST /bake, and each code somewhere', async () => {
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

  it('says where a secret is needed', async () => {
    const { paths } = await document();
    const secured = Object.entries(paths)
      .filter(([, all]) => Object.values(all).some(({ security }) => security))
      .map(([path]) => path);
    expect(secured.sort()).toEqual(
      ROUTES.map((route) => route.split(' ')[1]!)
        .filter((path) => /jobs|tapes|drain/.test(path))
        .filter((path, n, all) => all.indexOf(path) === n)
        .sort(),
    );
  });

  it('gives out addresses below PUBLIC_URL', async () => {
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

describe('the page', () => {
  it('shows every route and every code, and asks for nothing from elsewhere', async () => {
    const response = await testService.fetch('/docs');
    expect(response.headers.get('content-type')).toContain('text/html');
    const html = await response.text();
    for (const route of ROUTES) expect(html).toContain(route.split(' ')[1]);
    for (const code of FAILURE_CODES) expect(html).toContain(`<code>${code}</code>`);
    for (const word of ['callbackSecret', 'progressUrl', 'Retry-After', 'webhook-id'])
      expect(html).toContain(word);
    expect(html).not.toMatch(/<script|<link|<img|src=|@import|url\(/i);
    expect(
      [...html.matchAll(/href="([^"]*)"/g)]
        .map(([, href]) => href?.charAt(0))
        .every((first) => '/#'.includes(first!)),
    ).toBe(true);
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]+=*';/,
    );
    expect(html).not.toContain('[object');
    expect(html).not.toContain('undefined');
  });
});
