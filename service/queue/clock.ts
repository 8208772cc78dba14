/**
 * What a clock that was set back would delay. BullMQ runs a delayed job at a time of the workers' clock, and Redis ends a lock at a time of
 * its own clock: both would come later by as much as the clock was set back.
 */
import type { Redis } from 'ioredis';
import { BAKES, CALLBACKS, keys } from './store.ts';

/** BullMQ sorts delayed jobs by their time multiplied by this. */
const PER_MS = 4096;
/** The processes of a machine notice the same step of its clock, and one of them follows. */
const SAME_STEP_MS = 5000;

const HASTEN = `
local prefix, now, back = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
if back > 0 and not redis.call('SET', KEYS[1], back, 'PX', ${SAME_STEP_MS}, 'NX') then back = 0 end
local hastened = 0
for _, queue in ipairs({'${BAKES}', '${CALLBACKS}'}) do
  local base = prefix .. ':' .. queue .. ':'
  local jobs = redis.call('ZRANGE', base .. 'delayed', 0, -1, 'WITHSCORES')
  local before = hastened
  for n = 1, #jobs, 2 do
    local at = math.floor(tonumber(jobs[n + 1]) / ${PER_MS})
    local delay = tonumber(redis.call('HGET', base .. jobs[n], 'delay')) or 0
    local due = math.min(at - back, now + delay)
    if due < at then
      redis.call('ZADD', base .. 'delayed', due * ${PER_MS}, jobs[n])
      hastened = hastened + 1
    end
  end
  if hastened > before then redis.call('ZADD', base .. 'marker', 0, '0') end
end
return hastened
`;

/**
 * Moves delayed jobs to where they were before the clock was set back by so many milliseconds (0 if that is not known, as at a start), so that
 * none waits for longer than its own delay. The marker makes a worker look at once. Returns the number of jobs.
 */
export async function hastenDelayed(
  redis: Redis,
  prefix: string,
  back: number,
  now = Date.now(),
): Promise<number> {
  const setBack = keys.setBack(prefix);
  return (await redis.eval(HASTEN, 1, setBack, prefix, now, Math.round(back))) as number;
}

const SHORTEN = `
local prefix = ARGV[1]
local function shorten(key, most)
  if redis.call('PTTL', key) > tonumber(most) then redis.call('PEXPIRE', key, most) end
end
for _, queue in ipairs({'${BAKES}', '${CALLBACKS}'}) do
  local base = prefix .. ':' .. queue .. ':'
  shorten(base .. 'stalled-check', ARGV[3])
  for _, id in ipairs(redis.call('LRANGE', base .. 'active', 0, -1)) do shorten(base .. id .. ':lock', ARGV[2]) end
end
return 0
`;

/**
 * Lets no lock of a job and no pause between two searches for stalled jobs last longer than it may, in milliseconds: after Redis's clock was
 * set back, the jobs of a dead worker would wait for as long.
 */
export async function shortenLocks(
  redis: Redis,
  prefix: string,
  { lockMs, stalledCheckMs }: { readonly lockMs: number; readonly stalledCheckMs: number },
): Promise<void> {
  await redis.eval(SHORTEN, 0, prefix, lockMs, stalledCheckMs);
}
