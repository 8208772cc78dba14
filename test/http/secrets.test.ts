import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig, secretsOf } from '../../service/config/config.ts';
import { freePort } from '../rig/port.ts';
import { until } from '../rig/until.ts';
import { startProcess } from './process.ts';
import { type Backends, BEARER, SECRET, startBackends } from './test-service.ts';

let backends: Backends;
beforeAll(async () => {
  backends = await startBackends();
});
afterAll(() => backends.close());

/** A run with every error that may show a secret, at the log level trace. */
it('No line of the log of a whole run holds a secret', async () => {
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const env = {
    ...backends.env,
    AT_BLOBS_SPACES_ENDPOINT: nobody,
    AT_BLOBS_SPACES_BUCKET: 'at-blobs',
    AT_BLOBS_SPACES_KEY: 'BLOBSKEY123',
    AT_BLOBS_SPACES_SECRET: 'the blobs / secret+',
    ART_SPACES_KEY: 'ARTKEY4567',
    ART_SPACES_SECRET: 'art-secret-9',
    ALLOWED_SOURCES: `${backends.env.ALLOWED_SOURCES},${nobody}`,
  };
  const wrong = [
    'wrong-callback-secret',
    'wrong-bearer',
    'signature-of-zip',
    'in-the-query',
    'user-pw',
    'auth0%7Cabc',
  ];
  const service = startProcess(env);
  try {
    const url = await service.url();
    const post = (path: string, body: string, headers = {}) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      });
    const statuses = [
      await post('/bake', JSON.stringify(backends.body('a', { metadata: { note: 'wrong-bearer' } }))),
      await post('/bake', JSON.stringify(backends.body('b', { callbackSecret: 'wrong-callback-secret' }))),
      await post(
        '/bake',
        JSON.stringify(backends.body('c', { zipUrl: `${nobody}/auth0%7Cabc/x.zip?sig=signature-of-zip` })),
      ),
      await post('/bake', JSON.stringify(backends.body('d', { zipUrl: 'https://u:user-pw@a.test/x.zip' }))),
      await post('/bake', `{"callbackSecret":"${SECRET}"`),
      await fetch(`${url}/status/${encodeURIComponent(SECRET)}?token=in-the-query`),
      await fetch(`${url}/${encodeURIComponent('wrong-bearer')}`),
      await post('/drain', '', { authorization: 'Bearer wrong-bearer' }),
      await post('/drain', '', BEARER),
      await fetch(`${url}/tapes/a`, { method: 'DELETE', headers: BEARER }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([202, 401, 202, 400, 400, 404, 404, 401, 200, 503]);
    await backends.redis.kill();
    await until('Redis is missed', async () => (await fetch(`${url}/health`)).status === 503);
    await post('/bake', JSON.stringify(backends.body('a')));
    await backends.redis.start();
    service.child.kill('SIGTERM');
    expect(await service.ended()).toBe(0);
  } finally {
    await service.kill();
  }
  const text = service.lines.join('\n');
  expect(text).toContain('"level":"warn"');
  const all = [...secretsOf(readConfig(env)), ...wrong, 'Bearer'];
  expect(
    all.filter((secret) => text.includes(secret) || text.includes(JSON.stringify(secret).slice(1, -1))),
  ).toEqual([]);
  for (const line of service.lines) expect(() => JSON.parse(line), line).not.toThrow();
});
