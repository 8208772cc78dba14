import { readFile } from 'node:fs/promises';
import { createConnection, type NetConnectOpts } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ReplyError } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { isRedisError } from '../../service/queue/store.ts';

const errorOf = (work: Promise<unknown>) => work.then(() => 'It did not fail.').catch((error) => error);
const connectTo = (where: NetConnectOpts) =>
  new Promise((resolve, reject) => createConnection(where, () => resolve('')).on('error', reject));

describe('isRedisError', () => {
  it('A Redis that is not there, or that answers with an error, is told from a bug', async () => {
    for (const where of [{ path: '/nowhere/redis.sock' }, { host: '127.0.0.1', port: 1 }]) {
      expect(isRedisError(await errorOf(connectTo(where)))).toBe(true);
    }
    expect(isRedisError(new ReplyError('OOM command not allowed'))).toBe(true);
  });

  it('A file that is not there, or work that was aborted, is no fault of Redis', async () => {
    const signal = AbortSignal.abort();
    const errors = [await errorOf(readFile('/nowhere/a')), await errorOf(delay(1, 0, { signal }))];
    expect([...errors, signal.reason].map(isRedisError)).toEqual([false, false, false]);
  });
});
