import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BEARER, startTestService, type TestService } from './test-service.ts';

let testService: TestService;
beforeAll(async () => {
  testService = await startTestService();
});
afterAll(() => testService.close());

const MAX = 64 * 1024;

/** Sends a body, in chunks or with its length. Returns status and code of the answer. */
function send(path: string, method: string, bytes: number, isChunked: boolean) {
  const start = '{"metadata":"';
  const body = `${start}${'x'.repeat(bytes - start.length - 2)}"}`;
  return new Promise<[number | undefined, string]>((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      ...BEARER,
      ...(isChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': Buffer.byteLength(body) }),
    };
    const sent = request(testService.url + path, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve([response.statusCode, JSON.parse(text).error.code]));
    });
    sent.on('error', reject);
    for (let at = 0; at < body.length; at += 8192) sent.write(body.slice(at, at + 8192));
    sent.end();
  });
}

describe.each([
  ['with Content-Length', false],
  ['in chunks', true],
])('A body %s', (name, isChunked) => {
  it(`A body of 64 KiB ${name} is read`, async () => {
    expect(await send('/bake', 'POST', MAX, isChunked)).toEqual([400, 'INVALID_REQUEST']);
  });

  it.each([
    ['/bake', 'POST'],
    ['/thumbnail', 'POST'],
    ['/drain', 'POST'],
    ['/tapes/a', 'DELETE'],
  ])(`A body of one byte more ${name} is refused by %s`, async (path, method) => {
    expect(await send(path, method, MAX + 1, isChunked)).toEqual([413, 'BODY_TOO_LARGE']);
  });
});
