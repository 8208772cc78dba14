/** At most MAX_QUEUED bakes wait, however many processes add some at the same moment. */
import { BAKES, keys, type Store } from './store.ts';

/**
 * Reserves a place for a job, in one step of Redis; false if there is none. A job is added in a later step, so a reservation counts
 * until its job waits or runs. One that was left behind counts until it expires.
 */
const RESERVE = `
local bakes, reserved = ARGV[1] .. ':${BAKES}:', KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', reserved, '-inf', now)
redis.call('ZREMRANGEBYSCORE', reserved, '(' .. now + ARGV[4], '+inf') -- made before Redis's clock was set back
for _, id in ipairs(redis.call('ZRANGE', reserved, 0, -1)) do
  local job = redis.call('HMGET', bakes .. id, 'timestamp', 'finishedOn')
  if job[1] and not job[2] then redis.call('ZREM', reserved, id) end
end
local count = redis.call('ZCARD', reserved)
for _, list in ipairs({'wait', 'paused'}) do count = count + redis.call('LLEN', bakes .. list) end
for _, set in ipairs({'prioritized', 'delayed'}) do count = count + redis.call('ZCARD', bakes .. set) end
if count >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', reserved, now + ARGV[4], ARGV[2])
return 1
`;

/** Longer than an addition takes that may still succeed. */
const EXPIRE_MS = 10_000;

export interface Capacity {
  /**
   * Runs `add`, which adds the job or makes it wait again, if there is room; returns undefined if there is none. After an error nobody
   * knows whether Redis has the job: the reservation stays until Redis has it or it expires.
   */
  admit<T>(jobId: string, add: () => Promise<T>): Promise<T | undefined>;
}

/** Limits how many bakes wait. `admit` throws when Redis can't be reached. */
export function openCapacity({ redis, prefix }: Store, max: number): Capacity {
  const reserved = keys.reserved(prefix);
  return {
    admit: async (jobId, add) => {
      if ((await redis.eval(RESERVE, 1, reserved, prefix, jobId, max, EXPIRE_MS)) !== 1) return undefined;
      const added = await add();
      redis.zrem(reserved, jobId).catch(() => {}); // nobody waits for it: it would expire
      return added;
    },
  };
}
