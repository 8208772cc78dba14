import { afterEach, describe, expect, test } from 'vitest';
import { deadlineIn } from '../../netlify/lib/deadline.ts';
import { type FunctionEvent, toHandler } from '../../netlify/lib/handler.ts';
import { answerErrors } from '../../netlify/lib/http.ts';
import { passOn } from '../../netlify/lib/pass-on.ts';
import { requireScheduler } from '../../netlify/lib/scheduled.ts';
import { bodyOf, type ServerRig, startServer } from './rig/server.ts';

describe('a function as a handler', () => {
  /** Answers with what it saw. */
  const handler = toHandler(async (request: Request) => {
    const seen = { method: request.method, url: request.url, length: request.headers.get('content-length') };
    const body = await request.text();
    return Response.json(
      { ...seen, a: request.headers.get('a'), body },
      { status: 201, headers: { x: 'y' } },
    );
  });
  const call = async (event: Partial<FunctionEvent>) => {
    const result = await handler({ httpMethod: 'POST', headers: {}, body: null, ...event });
    return { ...result, seen: JSON.parse(result.body) as Record<string, unknown> };
  };

  test('A handler gives status, headers and text', async () => {
    const result = await call({ path: '/api/x', body: 'hello' });
    expect(result).toMatchObject({ statusCode: 201, isBase64Encoded: false, headers: { x: 'y' } });
    expect(result.headers['content-type']).toMatch(/json/);
  });

  test.each<[string, Partial<FunctionEvent>, Record<string, unknown>]>([
    ['text', { body: '{"ä":1}' }, { body: '{"ä":1}' }],
    ['base64', { body: Buffer.from('ä').toString('base64'), isBase64Encoded: true }, { body: 'ä' }],
    ['bytes', { body: new Uint8Array([104, 105]) }, { body: 'hi' }],
    ['no body', { body: null }, { body: '' }],
    ['a body of a GET, which it has not', { httpMethod: 'GET', body: 'x' }, { method: 'GET', body: '' }],
    [
      'a URL',
      { rawUrl: 'https://site.test/api/x?y=1', path: '/other' },
      { url: 'https://site.test/api/x?y=1' },
    ],
    ['a path only', { path: '/api/x' }, { url: 'http://localhost/api/x' }],
    ['neither', {}, { url: 'http://localhost/' }],
    [
      'a length of another body',
      { headers: { 'Content-Length': '3' }, body: 'hello' },
      { length: null, body: 'hello' },
    ],
    ['a header twice', { headers: { A: ['1', '2'] } }, { a: '1,2' }],
    ['a header without a value', { headers: { a: undefined } }, { a: null }],
  ])('A handler reads an event with %s', async (_what, event, seen) => {
    expect((await call(event)).seen).toMatchObject(seen);
  });

  test.each<[string, Partial<FunctionEvent>]>([
    ['an illegal header', { headers: { 'a\n': 'b' } }],
    ['an illegal method', { httpMethod: 'CONNECT' }],
  ])('A handler refuses %s', async (_what, event) => {
    expect(await call(event)).toMatchObject({
      statusCode: 400,
      seen: { error: { code: 'INVALID_REQUEST' } },
    });
  });
});

describe('who may start the scheduled function', () => {
  const post = (headers: Record<string, string> = {}, method = 'POST') =>
    new Request('https://site.test/api/retry-stuck-tapes', { method, headers });
  const bearer = (secret: string) => post({ authorization: `Bearer ${secret}` });
  const NETLIFY = { AWS_LAMBDA_FUNCTION_NAME: 'f' };
  const CONTEXT = { deploy: { id: '1' } };
  const SECRETS = ['new', 'old'];
  const forged = post({ 'x-nf-event': 'schedule', 'user-agent': 'Netlify Clockwork' });

  test.each<[string, Request, object, Record<string, string>, string[], string | undefined]>([
    ['Netlify’s scheduler', post(), CONTEXT, NETLIFY, SECRETS, undefined],
    ['Netlify’s scheduler while there is no secret', post(), CONTEXT, NETLIFY, [], undefined],
    ['cron with the secret', bearer('new'), {}, {}, SECRETS, undefined],
    ['cron with the secret before it', bearer('old'), {}, {}, SECRETS, undefined],
    ['cron with a wrong secret', bearer('wrong'), {}, {}, SECRETS, 'SECRET_NEEDED'],
    [
      'a GET with the secret',
      post({ authorization: 'Bearer new' }, 'GET'),
      {},
      {},
      SECRETS,
      'METHOD_NOT_ALLOWED',
    ],
    ['nobody in particular', post(), {}, {}, SECRETS, 'SECRET_NEEDED'],
    ['an empty secret', bearer(''), {}, {}, SECRETS, 'SECRET_NEEDED'],
    ['forged headers', forged, {}, {}, SECRETS, 'SECRET_NEEDED'],
    ['forged headers to a handler at Netlify', forged, {}, NETLIFY, SECRETS, 'SECRET_NEEDED'],
    ['another server that passes a context', forged, CONTEXT, {}, SECRETS, 'SECRET_NEEDED'],
    ['cron while there is no secret', bearer('new'), {}, {}, [], 'NOT_CONFIGURED'],
  ])('%s', (_who, request, context, environment, callbackSecrets, code) => {
    const ask = () => requireScheduler({ callbackSecrets }, request, context, environment);
    if (code === undefined) expect(ask).not.toThrow();
    else expect(ask).toThrow(expect.objectContaining({ code }));
  });
});

describe('media that is no tape', () => {
  let server: ServerRig | undefined;
  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });
  const pass = (url: string | undefined, headers: Record<string, string> = {}, method = 'POST') => {
    const request = new Request('https://site.test/api/track-media', { method, headers });
    const target = url === undefined ? undefined : new URL(url);
    return answerErrors(
      () => {},
      () => passOn(target, request, '{"ext":"png"}', deadlineIn(5)),
    );
  };
  const codeOf = async (answer: Response) =>
    ((await answer.json()) as { error: { code: string } }).error.code;

  test('It is passed on as it came, with the login, and the answer is given back', async () => {
    const seen: unknown[] = [];
    server = await startServer(async (request, response) => {
      const { method, url, headers } = request;
      seen.push([method, url, headers.authorization, headers.cookie, (await bodyOf(request)).toString()]);
      response.writeHead(418, { 'content-type': 'text/plain', 'x-site': 'theirs' }).end('as before');
    });
    const answer = await pass(`${server.url}/old`, { authorization: 'Bearer t', cookie: 'c' }, 'PUT');
    expect([answer.status, answer.headers.get('x-site'), await answer.text()]).toEqual([
      418,
      'theirs',
      'as before',
    ]);
    expect(seen).toEqual([['PUT', '/old', 'Bearer t', undefined, '{"ext":"png"}']]);
  });

  test('A URL that leads back here ends after one turn', async () => {
    server = await startServer(async (request, response) => {
      const headers = request.headers as Record<string, string>;
      const answer = await pass(server?.url, headers);
      response.writeHead(answer.status).end(await answer.text());
    });
    const answer = await pass(server.url);
    expect([answer.status, await codeOf(answer)]).toEqual([508, 'PASSED_ON_TWICE']);
  });

  test.each([
    ['no URL is set', undefined, 400, 'UNSUPPORTED_MEDIA'],
    ['nothing answers there', 'http://127.0.0.1:9/', 503, 'OTHER_MEDIA_UNAVAILABLE'],
  ])('It is refused while %s', async (_why, url, status, code) => {
    const answer = await pass(url);
    expect([answer.status, await codeOf(answer)]).toEqual([status, code]);
  });
});
