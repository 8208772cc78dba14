import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../rig/until.ts';
import { OLD_SECRET, SECRET, startTestService, type TestService } from './test-service.ts';

let testService: TestService;
beforeAll(async () => {
  testService = await startTestService();
});
afterAll(() => testService.close());

const errorOf = async (response: Response) =>
  ((await response.json()) as { error: { code: string; fields?: { field: string; message: string }[] } })
    .error;

describe('POST /bake', () => {
  it('A tape is accepted, baked and shown, and its callback has all fields that the site expects', async () => {
    const response = await testService.post(
      '/bake',
      testService.body('a', { code: 'x1y', metadata: { piece: ['p'] } }),
    );
    expect(response.status).toBe(202);
    const accepted = (await response.json()) as { jobId: string; status: string; statusUrl: string };
    expect(accepted).toEqual({
      jobId: expect.stringMatching(/^[0-9a-f]{32}$/),
      status: 'queued',
      statusUrl: `${testService.url}/status/${accepted.jobId}`,
    });
    const report = await testService.ended(accepted.jobId);
    expect(report).toMatchObject({ slug: 'a', status: 'done', progress: 1, stage: null });
    const mp4 = `${testService.url}/files/tapes/a.mp4`;
    const thumbnail = `${testService.url}/files/tapes/a-thumb.jpg`;
    expect(report.result).toMatchObject({
      outputs: { mp4, thumbnail },
      timings: { encoding: expect.any(Number) },
    });
    const call = await until('the callback', () =>
      testService.calls.find(({ body }) => body.includes('id-a')),
    );
    expect(JSON.parse(call.body)).toMatchObject({
      mongoId: 'id-a',
      slug: 'a',
      mp4Url: mp4,
      thumbnailUrl: thumbnail,
      secret: SECRET,
      code: 'x1y',
      metadata: { piece: ['p'] },
      outputs: { mp4, thumbnail },
    });
    const video = await fetch(mp4);
    expect(Buffer.from(await video.arrayBuffer()).toString('latin1', 4, 8)).toBe('ftyp');
  });

  it('The trace of a request goes on with the callback, and is on every line of its tape', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
    const answer = await testService.post('/bake', testService.body('b'), { traceparent });
    const { jobId } = (await answer.json()) as { jobId: string };
    const call = await until('the callback', () =>
      testService.calls.find(({ body }) => body.includes('id-b')),
    );
    expect(call.headers.traceparent).toMatch(
      new RegExp(`^00-${traceId}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`),
    );
    const lines = await until('the last line', () => {
      const found = testService.log.filter((line) => line.includes(jobId));
      return found.some((line) => line.includes('callback delivered')) && found;
    });
    expect(lines.length).toBeGreaterThanOrEqual(4);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ jobId, slug: 'b', traceId });
    const without = testService.calls.find(({ body }) => body.includes('id-a'));
    expect(without?.headers.traceparent).toBeUndefined();
  });

  it('The same request again is the same job, and its callback is sent again under the same id', async () => {
    const before = testService.calls.filter(({ body }) => body.includes('id-a'));
    const { status, jobId } = await testService.bake(
      testService.body('a', { code: 'x1y', callbackSecret: OLD_SECRET }),
    );
    expect(status).toBe(200);
    const call = await until('it is told of again', () => {
      const all = testService.calls.filter(({ body }) => body.includes('id-a'));
      return all.length > before.length && all.at(-1);
    });
    expect(call.headers['webhook-id']).toBe(before[0]?.headers['webhook-id']);
    expect(JSON.parse(call.body).secret).toBe(OLD_SECRET);
    expect((await testService.bake(testService.body('a', { rebake: true }))).jobId).toBe(`${jobId}-2`);
    await testService.ended(`${jobId}-2`);
  });

  it('POST /thumbnail makes a thumbnail only', async () => {
    const response = await testService.post('/thumbnail', testService.body('b'));
    expect(response.status).toBe(202);
    const { jobId } = (await response.json()) as { jobId: string };
    const { result } = (await testService.ended(jobId)) as { result: { outputs: object } };
    expect(Object.keys(result.outputs)).toEqual(['thumbnail']);
    // The same as POST /bake would make of it.
    expect((await testService.bake(testService.body('b', { outputs: [{ kind: 'thumbnail' }] }))).jobId).toBe(
      jobId,
    );
  });

  it('A tape that is missing fails, and its callback reports the failure', async () => {
    const { jobId } = await testService.bake(testService.body('nowhere'));
    expect(await testService.ended(jobId)).toMatchObject({
      status: 'failed',
      error: { code: 'SOURCE_NOT_FOUND' },
    });
    const call = await until('the callback', () =>
      testService.calls.find(({ body }) => body.includes('id-nowhere')),
    );
    expect(JSON.parse(call.body)).toMatchObject({
      slug: 'nowhere',
      secret: SECRET,
      error: { code: 'SOURCE_NOT_FOUND' },
    });
  });
});

describe('A bad request', () => {
  it('A request with several bad fields is refused with all of them at once', async () => {
    const response = await testService.post('/bake', {
      mongoId: '',
      slug: '../etc',
      callbackUrl: 'ftp://a',
      callbackSecret: 7,
      metadata: [1],
      code: 'x'.repeat(65),
      progressUrl: 'https://me:pw@a',
      priority: -1,
      rebake: 'yes',
      outputs: [{ kind: 'avi', scale: 3, maxSide: 1e9, size: 1 }],
    });
    expect(response.status).toBe(400);
    const { code, fields = [] } = await errorOf(response);
    expect(code).toBe('INVALID_REQUEST');
    expect(fields.map(({ field }) => field).sort()).toEqual(
      [
        'mongoId',
        'slug',
        'zipUrl',
        'callbackUrl',
        'callbackSecret',
        'metadata',
        'code',
        'progressUrl',
        'priority',
        'rebake',
        'outputs[0].kind',
        'outputs[0].scale',
        'outputs[0].maxSide',
        'outputs[0].size',
      ].sort(),
    );
  });

  const deep = (depth: number): unknown => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);
  it.each<[string, object, string]>([
    ['a slug that is a path', { slug: 'a/b' }, 'slug'],
    ['a slug with a line break at its end', { slug: 'a\n' }, 'slug'],
    ['a slug that begins with a dot', { slug: '.a' }, 'slug'],
    ['a slug that is too long', { slug: 'a'.repeat(65) }, 'slug'],
    ['a source that is no web address', { zipUrl: 'data:,x' }, 'zipUrl'],
    ['a secret in an address', { zipUrl: 'https://a:b@c/d' }, 'zipUrl'],
    ['one output twice', { outputs: [{ kind: 'mp4' }, { kind: 'mp4', scale: 2 }] }, 'outputs'],
    ['no outputs', { outputs: [] }, 'outputs'],
    ['an option of another output', { outputs: [{ kind: 'mp4', fps: 30 }] }, 'outputs[0].fps'],
    ['an unknown moment', { outputs: [{ kind: 'thumbnail', at: 'end' }] }, 'outputs[0].at'],
    ['a moment before the start', { outputs: [{ kind: 'thumbnail', at: -1 }] }, 'outputs[0].at'],
    ['an unknown format', { outputs: [{ kind: 'thumbnail', format: 'bmp' }] }, 'outputs[0].format'],
    ['an unknown rate', { outputs: [{ kind: 'share', fps: 25 }] }, 'outputs[0].fps'],
    ['an unknown frame', { outputs: [{ kind: 'share', frame: '640x480' }] }, 'outputs[0].frame'],
    ['a colour by name', { outputs: [{ kind: 'share', background: 'red' }] }, 'outputs[0].background'],
    ['metadata that is nested too deep', { metadata: deep(33) }, 'metadata'],
    ['metadata that is text', { metadata: 'x' }, 'metadata'],
    ['metadata that sets a prototype', { metadata: JSON.parse('{"a":[{"__proto__":{"b":1}}]}') }, 'metadata'],
    ['a mongoId with a line break', { mongoId: 'a\r\nb' }, 'mongoId'],
    ['a fraction as its priority', { priority: 1.5 }, 'priority'],
  ])('A request with %s is refused', async (_what, more, field) => {
    const response = await testService.post('/bake', testService.body('z', more));
    expect(response.status).toBe(400);
    expect((await errorOf(response)).fields?.map((fault) => fault.field)).toEqual([field]);
  });

  it.each<[string, string]>([
    ['{', 'INVALID_JSON'],
    ['', 'INVALID_JSON'],
    ['null', 'INVALID_REQUEST'],
    ['[]', 'INVALID_REQUEST'],
    ['"text"', 'INVALID_REQUEST'],
    ['{"__proto__":{"slug":"a"}}', 'INVALID_REQUEST'],
    [`${'['.repeat(30_000)}${']'.repeat(30_000)}`, 'INVALID_REQUEST'],
  ])('A body of %.30s is refused', async (body, code) => {
    const headers = { 'content-type': 'application/json' };
    const response = await testService.fetch('/bake', { method: 'POST', headers, body });
    expect([response.status, (await errorOf(response)).code]).toEqual([400, code]);
  });

  it('A slug and metadata with the names of object properties are accepted', async () => {
    const { status } = await testService.bake(
      testService.body('constructor', { metadata: { constructor: 1, prototype: { toString: 'x' } } }),
    );
    expect(status).toBe(202);
  });

  it('A body that is not application/json is refused', async () => {
    const response = await testService.fetch('/bake', {
      method: 'POST',
      body: JSON.stringify(testService.body('a')),
    });
    expect([response.status, (await errorOf(response)).code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });
});
