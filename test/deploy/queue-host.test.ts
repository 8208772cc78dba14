import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { QUEUE_PACKAGES, renderUserData } from '../../cloud-init/user-data.ts';
import { renderQueueRedis } from '../../infra/host/redis.ts';
import { queueHostSteps } from '../../infra/release/queue-host.ts';
import { makeCertificates } from '../host/certificates.ts';
import { has } from '../host/tool.ts';
import { until } from '../rig/until.ts';
import { canBootHosts } from '../twin/host/can-boot.ts';
import { type Cloud, openCloud } from '../twin/host/cloud.ts';
import type { TwinHost } from '../twin/host/host.ts';
import { makeKey } from '../twin/host/ssh.ts';

const reason =
  canBootHosts() ?? (has('redis-cli') && has('openssl') ? undefined : 'it needs redis-cli and openssl');

const PRIVATE = '10.124.0.7';
const PASSWORD = '5e'.repeat(32);

describe.skipIf(reason)(`a queue host${reason ? ` (${reason})` : ''}`, () => {
  let cloud: Cloud;
  let host: TwinHost;
  let caFile: string;
  const inputs: Record<string, string> = { settings: renderQueueRedis(PASSWORD) };

  beforeAll(async () => {
    cloud = await openCloud();
    const { folder } = cloud.run;
    const { authority, both } = makeCertificates(folder, PRIVATE);
    inputs['certificate'] = await readFile(both, 'utf8');
    caFile = join(folder, 'ca.pem');
    await writeFile(caFile, authority);
    const [login, hostKey] = [await makeKey(folder, 'login'), await makeKey(folder, 'host-key')];
    host = await cloud.boot({
      userData: renderUserData({
        hostKey: hostKey.privateKey,
        hostPublicKey: hostKey.publicKey,
        authorizedKeys: [login.publicKey],
        packages: QUEUE_PACKAGES,
        rebootTime: '10:50',
      }),
      label: 'queue',
      privateAddress: PRIVATE,
      login: { user: 'root', keyFile: login.file, hostKey: hostKey.publicKey },
    });
    await host.ready();
  }, 900_000);
  afterAll(() => cloud?.close(), 120_000);

  /** Asks Redis from another machine. Gives what it says, also when it refuses. */
  const redis = (password: string, ...command: readonly string[]) =>
    cloud.client
      .exec('redis-cli', [
        '-h',
        PRIVATE,
        '--tls',
        '--cacert',
        caFile,
        '--no-auth-warning',
        '-a',
        password,
        ...command,
      ])
      .catch((error: { stderr?: string }) => `refused: ${error.stderr}`);

  const setUp = async () => {
    for (const { create, stdin } of queueHostSteps()) {
      const ended = await host.run(create, stdin === undefined ? {} : { stdin: inputs[stdin]! });
      expect(ended.exitCode, `${create}\n${ended.stderr}`).toBe(0);
      expect(ended.stdout + ended.stderr).not.toContain(PASSWORD);
    }
  };

  test('A queue host answers over TLS with the password, and keeps each write through a power cut', {
    timeout: 240_000,
  }, async () => {
    await setUp();
    expect(await redis(PASSWORD, 'SET', 'oven:tape', 'accepted')).toBe('OK');
    expect(await redis('wrong', 'GET', 'oven:tape')).not.toContain('accepted');
    expect(await redis(PASSWORD, 'CONFIG', 'GET', 'appendfsync')).toContain('always');
    expect(await host.sh('stat -c "%U %a" /etc/redis/oven.conf /etc/redis/oven.pem')).toBe(
      'redis 600\nredis 600',
    );
    expect(await host.sh('systemctl list-units --failed --plain --no-legend')).toBe('');
    await host.cutPower();
    await host.powerOn();
    await until('Redis answers again', async () => (await redis(PASSWORD, 'PING')) === 'PONG');
    expect(await redis(PASSWORD, 'GET', 'oven:tape')).toBe('accepted');
    // A second run, as after a change of an input, loses nothing either.
    await setUp();
    expect(await redis(PASSWORD, 'GET', 'oven:tape')).toBe('accepted');
  });
});
