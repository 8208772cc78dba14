import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates } from '../host/certificates.ts';
import { has } from '../host/tool.ts';
import { freePort } from '../rig/port.ts';
import { type RedisRig, startRedis } from '../rig/redis.ts';

const SCRIPT = 'infra/host/scripts/sbin/oven-queue';
const PASSWORD = '5e'.repeat(32);

describe.skipIf(!has('openssl'))('oven-queue (skipped without openssl)', () => {
  let root: string;
  let [own, far]: RedisRig[] = [];
  let url: string;

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'oven-queue-'));
    for (const folder of ['etc/ssl', 'etc/oven', 'host']) mkdirSync(join(root, folder), { recursive: true });
    const { authority, both } = makeCertificates(root, '127.0.0.1');
    writeFileSync(join(root, 'etc/ssl/oven-queue.pem'), authority);
    const port = await freePort();
    url = `rediss://:${PASSWORD}@127.0.0.1:${port}`;
    const tls = [
      '--tls-port',
      `${port}`,
      '--tls-cert-file',
      both,
      '--tls-key-file',
      both,
      '--tls-auth-clients',
      'no',
    ];
    own = await startRedis();
    far = await startRedis([...tls, '--bind', '127.0.0.1']);
    await far.admin('CONFIG', 'SET', 'requirepass', PASSWORD);
  });
  afterAll(async () => {
    await Promise.all([own?.stop(), far?.stop()]);
    rmSync(root, { recursive: true });
  });

  /** Runs the script as a release does. `shared`: whether the service uses the queue host. */
  const move = async (how: string, shared: boolean) => {
    writeFileSync(join(root, 'etc/oven/oven.env'), shared ? `REDIS_URL="${url}"\n` : 'A="1"\n');
    const { exitCode, all } = await execa('bash', [SCRIPT, how], {
      ...({ input: url, reject: false, all: true } as const),
      env: {
        OVEN_ROOT: root,
        OVEN_REDIS: own!.socket,
        OVEN_NODE: process.execPath,
        OVEN_SCRIPTS: 'infra/host/scripts',
      },
    });
    expect(all).not.toContain(PASSWORD);
    return { exitCode, all };
  };
  const keys = async (at: 'own' | 'far') => {
    const redis =
      at === 'own' ? new Redis({ path: own!.socket }) : new Redis({ path: far!.socket, password: PASSWORD });
    try {
      return (await redis.keys('oven:*')).filter((key) => !/handover|marker/.test(key)).toSorted();
    } finally {
      redis.disconnect();
    }
  };
  const JOB = ['oven:bakes:a', 'oven:bakes:wait'];

  it('The queue moves to the queue host over TLS and back, each way once, and only in the right direction', async () => {
    await own!.admin('HSET', 'oven:bakes:a', 'data', '{}', 'timestamp', '1');
    await own!.admin('LPUSH', 'oven:bakes:wait', 'a');
    expect(await move('give', false)).toMatchObject({ exitCode: 1 });
    expect([await keys('own'), await keys('far')]).toEqual([JOB, []]);
    expect(await move('give', true)).toEqual({ exitCode: 0, all: 'oven: 1 jobs moved' });
    expect([await keys('own'), await keys('far')]).toEqual([[], JOB]);
    expect(await move('give', true)).toEqual({ exitCode: 0, all: 'oven: 0 jobs moved' });
    // A destroy of several hosts leaves it where it is.
    expect(await move('take', true)).toMatchObject({
      exitCode: 0,
      all: expect.stringContaining('stays there'),
    });
    expect(await move('take', false)).toEqual({ exitCode: 0, all: 'oven: 1 jobs moved' });
    expect([await keys('own'), await keys('far')]).toEqual([JOB, []]);
  });

  it('A queue host that can not be reached, or is another one, moves nothing and says why', async () => {
    const right = readFileSync(join(root, 'etc/ssl/oven-queue.pem'), 'utf8');
    const { authority } = makeCertificates(mkdtempSync(join(root, 'other-')), '127.0.0.1');
    writeFileSync(join(root, 'etc/ssl/oven-queue.pem'), authority);
    expect(await move('give', true)).toMatchObject({ exitCode: 1, all: expect.stringMatching(/^oven: \S/) });
    writeFileSync(join(root, 'etc/ssl/oven-queue.pem'), right);
    expect([await keys('own'), await keys('far')]).toEqual([JOB, []]);
    expect(await move('sideways', true)).toMatchObject({ exitCode: 2 });
  });
});
