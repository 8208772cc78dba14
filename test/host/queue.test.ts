import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { QUEUE_CERTIFICATE, renderQueueRedis, renderRedis } from '../../infra/host/redis.ts';
import { freePort } from '../rig/port.ts';
import { until } from '../rig/until.ts';
import { makeCertificates } from './certificates.ts';
import { has } from './tool.ts';

const PASSWORD = 'ab'.repeat(32);

describe('Redis of a queue host', () => {
  it('The settings of a queue host keep a queue as those of a single host do', () => {
    const kept = (text: string) =>
      text
        .split('\n')
        .filter((line) => /^(append|no-append|aof|save|maxmemory-policy|databases|dir)/.test(line));
    expect(kept(renderQueueRedis(PASSWORD))).toEqual(kept(renderRedis()));
    expect(kept(renderRedis())).toContain('appendfsync always');
    expect(renderQueueRedis(PASSWORD)).not.toContain('unixsocket');
  });

  it.each(['', 'short', `${PASSWORD}\nrename-command FLUSHALL x`, 'not hexadecimal'.repeat(4)])(
    'The password %j is refused',
    (password) => expect(() => renderQueueRedis(password)).toThrow(TypeError),
  );

  it.skipIf(!has('redis-server') || !has('openssl'))(
    'A client needs TLS, the authority and the password (skipped without redis-server and openssl)',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'oven-queue-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const { authority, both } = makeCertificates(folder, '127.0.0.1');
      const port = await freePort();
      const file = join(folder, 'redis.conf');
      const text = renderQueueRedis(PASSWORD)
        .replaceAll(QUEUE_CERTIFICATE, both)
        .replace('tls-port 6379', `tls-port ${port}`)
        .replace('bind 0.0.0.0', 'bind 127.0.0.1')
        .replace('supervised systemd', 'supervised no')
        .replace('dir /var/lib/redis', `dir ${folder}`);
      writeFileSync(file, text);
      const server = spawn('redis-server', [file], { stdio: 'ignore' });
      onTestFinished(async () => {
        server.kill();
        await once(server, 'exit');
      });
      const ask = async (scheme: string, password: string, options: Omit<RedisOptions, 'replyMapping'>) => {
        const redis = new Redis(`${scheme}://:${password}@127.0.0.1:${port}`, {
          retryStrategy: () => null,
          maxRetriesPerRequest: 0,
          lazyConnect: true,
          ...options,
        });
        let fault = '';
        redis.on('error', (error) => {
          fault ||= error.message;
        });
        try {
          await redis.connect();
          return await redis.ping();
        } catch (error) {
          return fault || (error as Error).message;
        } finally {
          redis.disconnect();
        }
      };
      const right = { tls: { ca: authority } };
      await until('Redis answers', async () => (await ask('rediss', PASSWORD, right)) === 'PONG');
      expect(await ask('rediss', PASSWORD, {})).toMatch(/self-signed|unable to (verify|get)/i);
      expect(await ask('rediss', 'wrong', right)).toMatch(/WRONGPASS|NOAUTH|invalid/);
      expect(await ask('redis', PASSWORD, {})).not.toBe('PONG');
    },
  );
});
