import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProcess } from './process.ts';
import { type Backends, startBackends } from './test-service.ts';

let backends: Backends;
beforeAll(async () => {
  backends = await startBackends();
});
afterAll(() => backends.close());

describe('A start that fails', () => {
  it('A start with bad variables ends with the name of each, and shows no value', async () => {
    const env = { PATH: process.env.PATH, PORT: 'hunter2', CALLBACK_SECRET: 'whsec_hunter2!' };
    const service = startProcess(env);
    expect(await service.ended()).toBe(2);
    const text = service.lines.join('\n');
    for (const name of ['PORT', 'CALLBACK_SECRET', 'ART_SPACES_ENDPOINT', 'AT_BLOBS_SPACES_SECRET']) {
      expect(text).toContain(`  ${name} `);
    }
    expect(text).not.toContain('hunter2');
  });

  it('A start with an unknown argument ends with the usage', async () => {
    const service = startProcess(backends.env, { args: ['--candidat'] });
    expect(await service.ended()).toBe(2);
    expect(service.lines).toEqual(['oven: usage: node service/main.ts [--candidate]']);
  });

  it('A start ends when the port is taken', async () => {
    const first = startProcess(backends.env);
    const { port } = new URL(await first.url());
    const second = startProcess({ ...backends.env, PORT: port });
    expect(await second.ended()).toBe(1);
    expect(second.lines.at(-1)).toMatch(/^oven: .*EADDRINUSE/);
    await first.kill();
  });
});

it.each([
  ['thrown', 'throw new Error("a bug")'],
  ['rejected', 'Promise.reject(new Error("a bug"))'],
])('An uncaught error (%s) is logged and ends the service with 1', async (_how, code) => {
  const preload = `data:text/javascript,setTimeout(() => { ${code} }, 1000)`;
  const service = startProcess({
    ...backends.env,
    NODE_OPTIONS: `--import "${encodeURI(preload).replaceAll('"', '%22')}"`,
  });
  expect(await service.ended()).toBe(1);
  const fatal = service.lines
    .filter((line) => line.includes('"level":"fatal"'))
    .map((line) => JSON.parse(line));
  expect(fatal).toMatchObject([{ msg: 'uncaught', err: { message: 'a bug', stack: expect.any(String) } }]);
});
