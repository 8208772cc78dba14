import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_CODES } from '../../service/errors.ts';
import { BEARER, startTestService, type TestService } from './test-service.ts';

let testService: TestService;
beforeAll(async () => {
  testService = await startTestService();
});
afterAll(() => testService.close());

const ID = '0f343b0931126a20f133d67c2b018a3b';
const codeOf = async (response: Response) =>
  ((await response.json()) as { error: { code: string } }).error.code;

describe('Addresses of the API', () => {
  it.each([
    '/nope',
    '/bake/',
    '/status',
    '/status/',
    '/files/',
    '/files/tapes/a.mp4',
    '/files/tapes/%2e%2e%2ftape.zip',
    '/files/../tape.zip',
    '/jobs/x/y/z',
    '/%00',
    '/status/%',
    '/metrics',
    '/__proto__',
  ])('GET %s, which is no address, answers 404 with a code', async (path) => {
    const response = await testService.fetch(path);
    expect(response.status).toBe(404);
    expect(['NOT_FOUND', 'JOB_NOT_FOUND']).toContain(await codeOf(response));
  });

  it.each([
    ['GET', '/bake', 'POST'],
    ['PUT', '/bake', 'POST'],
    ['PATCH', '/thumbnail', 'POST'],
    ['POST', '/health', 'GET, HEAD'],
    ['DELETE', '/health/work', 'GET, HEAD'],
    ['POST', `/status/${ID}`, 'GET, HEAD'],
    ['GET', `/jobs/${ID}/retry`, 'POST'],
    ['GET', '/tapes/a', 'DELETE'],
    ['PUT', '/drain', 'POST, DELETE'],
    ['POST', '/files/tapes/a.mp4', 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
  ])('%s %s answers 405 and names the methods that the address takes', async (method, path, allow) => {
    const response = await testService.fetch(path, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
    expect(await codeOf(response)).toBe('METHOD_NOT_ALLOWED');
  });

  it.each(['/health', '/docs', '/openapi.json', '/', '/health/work'])(
    'HEAD %s answers with the status and type of GET, without a body',
    async (path) => {
      const [head, get] = await Promise.all(
        ['HEAD', 'GET'].map((method) => testService.fetch(path, { method })),
      );
      expect(head!.status).toBe(get!.status);
      expect(head!.headers.get('content-type')).toBe(get!.headers.get('content-type'));
      expect(await head!.text()).toBe('');
    },
  );

  it.each(['meta', 'id', 'x', `${ID}-0`, `${ID}:logs`, 'a'.repeat(2000), ID])(
    'Every route of a job answers JOB_NOT_FOUND for the id %s',
    async (id) => {
      const paths = [
        `/status/${id}`,
        ...['retry', 'cancel', 'replay-callback'].map((what) => `/jobs/${id}/${what}`),
      ];
      for (const [n, path] of paths.entries()) {
        const response = await testService.fetch(path, n === 0 ? {} : { method: 'POST', headers: BEARER });
        expect([path, response.status, await codeOf(response)]).toEqual([path, 404, 'JOB_NOT_FOUND']);
      }
    },
  );
});

describe('Answers of the API', () => {
  it.each(['/health', '/nope', '/docs', '/', '/status/x'])(
    'The answer to GET %s has a request id and strict headers for browsers',
    async (path) => {
      const { headers } = await testService.fetch(path);
      expect(headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('content-security-policy')).not.toContain('unsafe');
      // A form of a page without a referrer has no origin, by which the login knows its own pages.
      expect(headers.get('referrer-policy')).toBe(path === '/' ? 'same-origin' : 'no-referrer');
    },
  );

  it('The answer repeats the id of the request if it is short and plain', async () => {
    const idOf = async (given: string) =>
      (await testService.fetch('/health', { headers: { 'x-request-id': given } })).headers.get(
        'x-request-id',
      );
    expect(await idOf('from-caddy-1')).toBe('from-caddy-1');
    expect(await idOf('a b{"x":1}')).toMatch(/^[\w-]{36}$/);
    expect(await idOf('a'.repeat(65))).toMatch(/^[\w-]{36}$/);
  });

  it('An error is not cached, and has a code of the table', async () => {
    for (const path of ['/nope', '/status/x']) {
      const response = await testService.fetch(path);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(API_CODES).toContain(await codeOf(response));
    }
  });
});
