import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Config } from '../../service/config/config.ts';
import { openProbes } from '../../service/health/probes.ts';
import { openQueue } from '../../service/queue/queue.ts';
import { loggedRedisFault, reconnectWhenReadOnly, redisCodeOf } from '../../service/queue/redis-faults.ts';
import type { RedisAddress } from '../../service/queue/store.ts';
import { startupChecks } from '../../service/selfcheck/startup-checks.ts';
import { startTestService } from '../http/test-service.ts';
import { freePort } from '../rig/port.ts';
import { type RedisRig, startRedis } from '../rig/redis.ts';
import { until } from '../rig/until.ts';

const PASSWORD = 'right-password-of-redis';
const WRONG = 'wrong-password-of-redis';

let folder: string;
let redis: RedisRig;
const port = { plain: 0, tls: 0 };
let authority: string;

/** A certificate for 127.0.0.1, which signs itself. */
async function makeCertificate(name: string): Promise<{ readonly key: string; readonly cert: string }> {
  const [key, cert] = ['key', 'pem'].map((end) => join(folder, `${name}.${end}`)) as [string, string];
  const of = ['-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`];
  await execa('openssl', [
    'req',
    '-x509',
    ...of,
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-keyout',
    key,
    '-out',
    cert,
  ]);
  return { key, cert };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oven-redis-tls-'));
  const { key, cert } = await makeCertificate('redis');
  authority = await readFile(cert, 'utf8');
  [port.plain, port.tls] = [await freePort(), await freePort()];
  const tls = ['--tls-port', `${port.tls}`, '--tls-cert-file', cert, '--tls-key-file', key];
  redis = await startRedis([
    ...tls,
    '--tls-ca-cert-file',
    cert,
    '--tls-auth-clients',
    'no',
    '--port',
    `${port.plain}`,
  ]);
  await redis.admin('ACL', 'SETUSER', 'oven', 'on', `>${PASSWORD}`, '~*', '&*', '+@all');
  await redis.admin(
    'ACL',
    'SETUSER',
    'reader',
    'on',
    `>${PASSWORD}`,
    '~*',
    '&*',
    '+@read',
    '+@connection',
    '+info',
  );
  await redis.admin('CONFIG', 'SET', 'requirepass', PASSWORD); // the last command without a password
});
afterAll(async () => {
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

const SETTINGS: readonly [string, () => RedisAddress, string][] = [
  ['a wrong password', () => ({ url: `redis://oven:${WRONG}@127.0.0.1:${port.plain}` }), 'REDIS_PASSWORD'],
  ['an unknown user', () => ({ url: `redis://nobody:${WRONG}@127.0.0.1:${port.plain}` }), 'REDIS_PASSWORD'],
  ['no password', () => ({ url: `redis://127.0.0.1:${port.plain}` }), 'REDIS_PASSWORD'],
  [
    'a user who may only read',
    () => ({ url: `redis://reader:${PASSWORD}@127.0.0.1:${port.plain}` }),
    'REDIS_PASSWORD',
  ],
  ['an unknown authority', () => ({ url: `rediss://oven:${PASSWORD}@127.0.0.1:${port.tls}` }), 'REDIS_TLS'],
  [
    'a name that is not in the certificate',
    () => ({ url: `rediss://oven:${PASSWORD}@localhost:${port.tls}`, ca: authority }),
    'REDIS_TLS',
  ],
];

describe('the connection to Redis', () => {
  it.each(SETTINGS)(
    'With %s, /health, the log and a candidate name the fault, and no password',
    async (_what, address, code) => {
      const logged: Error[] = [];
      const queue = openQueue({ redis: address(), maxQueued: 1, onError: (error) => logged.push(error) });
      onTestFinished(() => queue.close());
      const disk = { space: async () => ({ freeBytes: 1, totalBytes: 1 }), isShort: async () => false };
      const probe = openProbes({ checkQueue: queue.checkWrite, disk, everyMs: 0 });
      const [reason] = await until('the fault is named', async () => {
        const reasons = await probe();
        return reasons[0]?.code === code && reasons;
      });
      expect(reason!.message).toMatch(/^(Redis refuses|The connection to Redis)/);
      const named = logged.map(loggedRedisFault).filter((fault) => fault.code !== undefined);
      for (const fault of named)
        expect(fault).toEqual({ code, action: expect.stringMatching(/^Compare .*REDIS_URL/) });
      const check = startupChecks({ redis: address(), storage: {} } as unknown as Config, [], {
        check: async () => {},
      })[0]!;
      const error = await check.run().then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      expect(error).toMatchObject({ code, message: expect.stringContaining('Compare') });
      for (const text of [reason!.message, error!.message, ...logged.map(({ message }) => message)]) {
        for (const password of [PASSWORD, WRONG]) expect(text).not.toContain(password);
      }
    },
  );

  it('A Redis of a private authority is used with REDIS_CA', async () => {
    const url = `rediss://oven:${PASSWORD}@127.0.0.1:${port.tls}`;
    const queue = openQueue({ redis: { url, ca: authority }, maxQueued: 1 });
    onTestFinished(() => queue.close());
    await queue.checkWrite();
  });
});

it.each([
  ["READONLY You can't write against a read only replica. script: 1f, on @user_script:1.", 'REDIS_READ_ONLY'],
  ['ERR Error running script (call to f_1f): @user_script:7: READONLY No write.', 'REDIS_READ_ONLY'],
  [
    'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
    'REDIS_READ_ONLY',
  ],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'REDIS_FULL'],
  ['MISCONF Errors writing to the AOF file: No space left on device', 'REDIS_FULL'],
  ['connect ECONNREFUSED 127.0.0.1:6379', 'REDIS'],
  ['Reached the max retries per request limit (which is 3).', 'REDIS'],
])('The error "%s" is %s', (message, code) => {
  expect(redisCodeOf(new Error(message))).toBe(code);
});

it('A Redis that stays read-only has each connection made anew at most twice a second', () => {
  let time = 0;
  const reconnectOnError = reconnectWhenReadOnly(() => time);
  const [one, other] = [{ reconnectOnError }, { reconnectOnError }];
  const error = new Error('READONLY x');
  const answers = () => [one, other].map((options) => options.reconnectOnError(error));
  expect([answers(), answers()]).toEqual([
    [true, true],
    [false, false],
  ]);
  time += 500;
  expect(one.reconnectOnError(new Error('OOM x'))).toBe(false);
  expect(answers()).toEqual([true, true]);
});

/** Forwards connections to the current port of `to`, and keeps old connections where they are, as a name in DNS does. */
async function startForwarder(to: {
  port: number;
}): Promise<{ readonly port: number; close(): Promise<void> }> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(to.port, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('a service whose Redis becomes a replica', () => {
  it('Tapes are taken and baked again, without a restart, when the address leads to a new primary or the old one is primary again', async () => {
    const ports = [await freePort(), await freePort()] as [number, number];
    const [first, second] = (await Promise.all(
      ports.map((one) => startRedis(['--port', `${one}`, '--repl-diskless-sync-delay', '0'])),
    )) as [RedisRig, RedisRig];
    const to = { port: ports[0] };
    const forwarder = await startForwarder(to);
    const service = await startTestService({ REDIS_URL: `redis://127.0.0.1:${forwarder.port}` });
    onTestFinished(async () => {
      await service.close();
      await forwarder.close();
      await Promise.all([first.stop(), second.stop()]);
    });
    const bakes = async (slug: string) => {
      const { jobId } = await until(`${slug} is taken`, async () => {
        const answer = await service.bake(service.body(slug));
        return answer.status === 202 && answer;
      });
      expect(await service.ended(jobId)).toMatchObject({ status: 'done' });
    };
    const codes = async () => {
      const { reasons = [] } = (await (await service.fetch('/health')).json()) as {
        reasons?: { code: string }[];
      };
      return reasons.map(({ code }) => code);
    };
    await bakes('a');

    await second.admin('REPLICAOF', '127.0.0.1', `${ports[0]}`);
    await until('the replica has all', async () =>
      String(await second.admin('INFO', 'replication')).includes('master_link_status:up'),
    );
    await first.admin('REPLICAOF', '127.0.0.1', '1');
    expect((await service.bake(service.body('b'))).status).toBe(503);
    await until('/health names it', async () => (await codes()).includes('REDIS_READ_ONLY'));
    expect((await service.fetch('/health/host')).status).toBe(200);

    await second.admin('REPLICAOF', 'NO', 'ONE');
    to.port = ports[1];
    await bakes('b');
    await until('/health is well', async () => (await codes()).length === 0);

    await second.admin('REPLICAOF', '127.0.0.1', '1');
    await until('/health names it again', async () => (await codes()).includes('REDIS_READ_ONLY'));
    await second.admin('REPLICAOF', 'NO', 'ONE');
    await bakes('c');
    expect(service.log.length).toBeLessThan(1000);
  });
});
