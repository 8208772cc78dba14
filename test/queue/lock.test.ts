import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { withLock } from '../../service/queue/lock.ts';
import { useRedis } from './fixture.ts';

const { redis } = useRedis();

it('A lock has one holder at a time, and is released after a failure too', async () => {
  const client = new Redis(redis().socket);
  onTestFinished(() => client.disconnect());
  let inside = 0;
  const work = async () => {
    inside += 1;
    expect(inside).toBe(1);
    await client.ping();
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 10 }, () => withLock(client, 'lock', work)));
  await expect(withLock(client, 'lock', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await client.exists('lock')).toBe(0);
});

it('A lock that another process holds is waited for in vain, and stays', async () => {
  const client = new Redis(redis().socket);
  onTestFinished(() => client.disconnect());
  await client.set('held', 'by another');
  await expect(withLock(client, 'held', async () => {}, 50)).rejects.toThrow("can't be had");
  expect(await client.get('held')).toBe('by another');
});
