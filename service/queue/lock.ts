import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';

const HOLD_MS = 15_000; // a holder that died blocks for no longer; one that lives goes on holding
const POLL_MS = 15;
const RELEASE =
  'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) end return 0';
const EXTEND =
  'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("pexpire", KEYS[1], ARGV[2]) end return 0';

/** Runs `work` while no other process holds `key`. Throws when it can't be had in `waitMs` milliseconds, and the signal's reason. */
export async function withLock<T>(
  redis: Redis,
  key: string,
  work: () => Promise<T>,
  waitMs = HOLD_MS,
  signal?: AbortSignal,
): Promise<T> {
  const token = randomUUID();
  const deadline = performance.now() + waitMs;
  while ((await redis.set(key, token, 'PX', HOLD_MS, 'NX')) === null) {
    if (performance.now() > deadline) throw new Error(`The lock ${key} can't be had.`);
    await delay(POLL_MS);
    signal?.throwIfAborted();
  }
  const extending = setInterval(() => {
    redis.eval(EXTEND, 1, key, token, HOLD_MS).catch(() => {});
  }, HOLD_MS / 3);
  try {
    return await work();
  } finally {
    clearInterval(extending);
    // Nobody need wait for it: whoever wants the lock next does so, and one that can't be given back runs out by itself.
    redis.eval(RELEASE, 1, key, token).catch(() => {});
  }
}
