import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { startRedis } from './redis.ts';

const redis = await startRedis();
afterAll(() => redis.stop());

test('what Redis acknowledged is there after a kill -9', async () => {
  const before = new Redis(redis.socket);
  await before.set('tape', 'kept');
  before.disconnect();
  await redis.kill();
  await redis.start();
  const after = new Redis(redis.socket);
  expect(await after.get('tape')).toBe('kept');
  after.disconnect();
});
