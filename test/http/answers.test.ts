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

describe('an address', () => {
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
  ])('that is none is a typed 404: %s', async (path) => {
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
  ])('asked with another method says which it takes: %s %s', async (method, path, allow) => {
    const response = await testService.fetch(path, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
    expect(await codeOf(response)).toBe('METHOD_NOT_ALLOWED');
  });

  it.each(['/health', '/docs', '/openapi.json', '/', '/health/work'])(
    'answers HEAD as GET: %s',
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
    'of no job is a 404: %s',
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

describe('every answer', () => {
  it.each(['/health', '/nope', '/docs', '/', '/status/x'])(
    'of %s has an id and headers that keep browsers calm',
    async (path) => {
      const { headers } = await testService.fetch(path);
      expect(headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('content-security-policy')).not.toContain('unsafe');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    },
  );

  it('takes over the id of the request, unless it is no plain one', async () => {
    const idOf = async (given: string) =>
      (await testService.fetch('/health', { headers: { 'x-request-id': given } })).headers.get(
        'x-request-id',
      );
    expect(await idOf('from-caddy-1')).toBe('from-caddy-1');
    expect(await idOf('a b{"x":1}')).toMatch(/^[\w-]{36}$/);
    expect(await idOf('a'.repeat(65))).toMatch(/^[\w-]{36}$/);
  });

  it('that is an error is not kept, and has a code of the list', async () => {
    for (const path of ['/nope', '/status/x']) {
      const response = await testService.fetch(path);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(API_CODES).toContain(await codeOf(response));
    }
  });
});
