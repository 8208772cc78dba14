/** Locks in Redis, for all processes on all hosts. */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { pollUntil } from '../lib/retry.ts';
import { keys, type Store } from './store.ts';

const HOLD_MS = 15_000; // a holder that died blocks for no longer; one that lives extends its lock
const POLL_MS = 15;
/** A lock that lasts longer than a holder may hold it is of a dead one, and Redis's clock was set back since. */
const TAKE = `
if redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX') then return 1 end
if redis.call('pttl', KEYS[1]) > tonumber(ARGV[2]) then redis.call('pexpire', KEYS[1], ARGV[2]) end
return 0
`;
const RELEASE =
  'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) end return 0';
const EXTEND =
  'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("pexpire", KEYS[1], ARGV[2]) end return 0';

/** A lock stayed taken for too long. */
class LockError extends Error {
  override readonly name = 'LockError';
}

/** Runs `work` while no other process changes the jobs of one identity. */
export function withIdentityLock<T>(store: Store, jobId: string, work: () => Promise<T>): Promise<T> {
  const [identity = jobId] = jobId.split('-');
  return withLock(store.redis, keys.lock(store.prefix, identity), work);
}

/** Runs `work` while no other process stores files under this slug or code. Throws the signal's reason when aborted before. */
export function withSlugLock<T>(
  redis: Redis,
  prefix: string,
  fileName: string,
  work: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const key = keys.lock(prefix, `slug-${fileName}`);
  return withLock(redis, key, work, Number.POSITIVE_INFINITY, signal);
}

/** Runs `work` while no other process holds `key`. Throws if it waits for more than `waitMs` milliseconds, and the signal's reason. */
export async function withLock<T>(
  redis: Redis,
  key: string,
  work: () => Promise<T>,
  waitMs = HOLD_MS,
  signal?: AbortSignal,
): Promise<T> {
  const token = randomUUID();
  const take = async () => (await redis.eval(TAKE, 1, key, token, HOLD_MS)) === 1;
  const isTaken = await pollUntil(take, (answer) => answer, { everyMs: POLL_MS, waitMs, signal });
  if (!isTaken) throw new LockError(`The lock ${key} can't be had.`);
  const extending = setInterval(() => {
    redis.eval(EXTEND, 1, key, token, HOLD_MS).catch(() => {});
  }, HOLD_MS / 3);
  try {
    return await work();
  } finally {
    clearInterval(extending);
    // The caller does not wait for this: the next holder does, and a lock that can't be released expires.
    redis.eval(RELEASE, 1, key, token).catch(() => {});
  }
}
