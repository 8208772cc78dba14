/**
 * How much the finished tapes hold in Redis: a sorted set of the callbacks that have ended, by the time of their end, with the bytes of each
 * together with its bake. A tape whose callback is still to come is not in it.
 *
 * The jobs themselves are the truth. `recordEnded` writes what they are at that moment, and may be repeated.
 */
import { BAKES, CALLBACKS, keys, type Store } from './store.ts';

/** What is kept of finished tapes. The oldest leave when one of the limits is passed. */
export interface HistoryLimits {
  /** Since the end of their callback. */
  readonly seconds: number;
  readonly tapes: number;
  /** Of Redis's memory. */
  readonly bytes: number;
}

/** Callbacks that one command looks at. */
const CHUNK = 50;
/** Callbacks that are named as beyond the limits at once. */
const MAX_BEYOND = 20;

/** Names the keys, and changes what is recorded of a callback: `at` is the end of it, false for none. */
const RECORD = `
local prefix = ARGV[1]
local history = prefix .. ':history'
local function usage(queue, id) return redis.call('MEMORY', 'USAGE', prefix .. ':' .. queue .. ':' .. id, 'SAMPLES', 0) or 0 end
local function record(id, at)
  local before = tonumber(redis.call('HGET', history .. ':bytes', id)) or 0
  local bytes = 0
  if at then
    bytes = usage('${CALLBACKS}', id) + usage('${BAKES}', string.sub(id, 1, -38))
    redis.call('ZADD', history, at, id)
    redis.call('HSET', history .. ':bytes', id, bytes)
  else
    redis.call('ZREM', history, id)
    redis.call('HDEL', history .. ':bytes', id)
  end
  redis.call('INCRBY', history .. ':total', bytes - before)
end
`;

const RECORD_ENDED = `${RECORD}
for n = 2, #ARGV do
  local at = redis.call('ZSCORE', prefix .. ':${CALLBACKS}:completed', ARGV[n])
  record(ARGV[n], at or redis.call('ZSCORE', prefix .. ':${CALLBACKS}:failed', ARGV[n]))
end
return 0
`;

const FORGET = `${RECORD}
for n = 2, #ARGV do record(ARGV[n], false) end
return 0
`;

const BEYOND = `
local history = ARGV[1] .. ':history'
local first, tapes, bytes = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local count = redis.call('ZCARD', history)
local total = tonumber(redis.call('GET', history .. ':total')) or 0
local oldest = redis.call('ZRANGE', history, 0, ${MAX_BEYOND - 1}, 'WITHSCORES')
local beyond = {}
for n = 1, #oldest, 2 do
  if count <= tapes and total <= bytes and tonumber(oldest[n + 1]) >= first then break end
  beyond[#beyond + 1] = oldest[n]
  count = count - 1
  total = total - (tonumber(redis.call('HGET', history .. ':bytes', oldest[n])) or 0)
end
return beyond
`;

/** The bake that a callback reports. */
export function jobIdOf(callbackId: string): string {
  return callbackId.slice(0, -37); // add.ts adds a hyphen and a UUID
}

/** Records the callbacks of these ids that have ended, with their bytes; the others leave the history. */
export async function recordEnded({ redis, prefix }: Store, callbackIds: readonly string[]): Promise<void> {
  for (let n = 0; n < callbackIds.length; n += CHUNK) {
    await redis.eval(RECORD_ENDED, 0, prefix, ...callbackIds.slice(n, n + CHUNK));
  }
}

/** Takes a callback that was removed out of the history. */
export async function forgetEnded({ redis, prefix }: Store, callbackId: string): Promise<void> {
  await redis.eval(FORGET, 0, prefix, callbackId);
}

/** The oldest callbacks that are beyond the limits: none, or the first of them. `now` is in milliseconds since 1970. */
export async function findBeyond(
  { redis, prefix }: Store,
  { seconds, tapes, bytes }: HistoryLimits,
  now = Date.now(),
): Promise<string[]> {
  return (await redis.eval(BEYOND, 0, prefix, now - seconds * 1000, tapes, bytes)) as string[];
}

/** Records the ended callbacks that a killed process or an older release left out, and forgets those that are gone. Stops when `signal` aborts. */
export async function recordAll(store: Store, signal: AbortSignal): Promise<void> {
  const { redis, callbacks, prefix } = store;
  const read = async (...sets: string[]) =>
    new Set((await Promise.all(sets.map((set) => redis.zrange(set, '0', '-1')))).flat());
  const ended = await read(callbacks.toKey('completed'), callbacks.toKey('failed'));
  const known = await read(keys.history(prefix));
  const wrong = [...[...ended].filter((id) => !known.has(id)), ...[...known].filter((id) => !ended.has(id))];
  for (let n = 0; n < wrong.length && !signal.aborted; n += CHUNK) {
    await recordEnded(store, wrong.slice(n, n + CHUNK));
  }
}
