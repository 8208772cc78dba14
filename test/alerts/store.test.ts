import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type AlertState, NO_ALERTS } from '../../service/alerts/state.ts';
import { openAlertStore } from '../../service/alerts/store.ts';
import { connect } from '../../service/queue/store.ts';
import { type RedisRig, startRedis } from '../rig/redis.ts';

const KEY = 'oven:alerts';
let rig: RedisRig;
let redis: Redis;

beforeAll(async () => {
  rig = await startRedis();
  redis = connect({ url: rig.url }, 'briefly', () => {});
});
afterAll(async () => {
  redis.disconnect();
  await rig.stop();
});
beforeEach(async () => {
  await redis.flushall();
});

const count = (state: AlertState) => ({ state: { ...state, lastAt: state.lastAt + 1 } });

it('Processes that change the state at once lose no change', async () => {
  const stores = [1, 2, 3].map(() => openAlertStore(redis, KEY));
  for (let round = 0; round < 20; round += 1) await Promise.all(stores.map((store) => store.update(count)));
  expect(JSON.parse((await redis.get(KEY))!)).toMatchObject({ lastAt: 60 });
  expect(await redis.pttl(KEY)).toBeGreaterThan(0);
});

it('A state in which nothing is told is not written', async () => {
  await openAlertStore(redis, KEY).update((state) => ({ state }));
  expect(await redis.exists(KEY)).toBe(0);
});

it.each(['{', '"x"', '{"version":2,"told":{}}', '{"version":1', '{"version":1}'])(
  'The value %s begins anew',
  async (text) => {
    await redis.set(KEY, text);
    const { state } = await openAlertStore(redis, KEY).update(count);
    expect(state).toEqual({ ...NO_ALERTS, lastAt: 1 });
  },
);

it('While Redis takes no writes the process goes on alone, and afterwards writes what it made of the state', async () => {
  const store = openAlertStore(redis, KEY);
  await store.update(count);
  await redis.config('SET', 'maxmemory', '1');
  try {
    await store.update(count);
    expect((await store.update(count)).state.lastAt).toBe(3);
    expect(JSON.parse((await redis.get(KEY))!)).toMatchObject({ lastAt: 1 });
  } finally {
    await redis.config('SET', 'maxmemory', '0');
  }
  expect((await store.update(count)).state.lastAt).toBe(4);
  expect(JSON.parse((await redis.get(KEY))!)).toMatchObject({ lastAt: 4 });
});

it('While Redis is away the process goes on alone, and merges when others wrote meanwhile', async () => {
  const gone = new Redis({ path: '/nowhere', lazyConnect: true, enableOfflineQueue: false });
  gone.on('error', () => {});
  let current: Redis = gone;
  const either = {
    get: (key: string) => current.get(key),
    eval: (...args: Parameters<Redis['eval']>) => current.eval(...args),
  } as Pick<Redis, 'get' | 'eval'>;
  const store = openAlertStore(either, KEY, 500);
  const one = { message: 'm', since: 1, hosts: ['a'] };
  await store.update((state) => ({ state: { ...state, told: { REDIS: one } } }));
  await openAlertStore(redis, KEY).update((state) => ({ state: { ...state, told: { FAILING: one } } }));
  current = redis;
  const { state } = await store.update((now) => ({ state: now }));
  expect(state.told).toEqual({ REDIS: one, FAILING: one });
  expect(JSON.parse((await redis.get(KEY))!).told).toEqual({ REDIS: one, FAILING: one });
  gone.disconnect();
});
