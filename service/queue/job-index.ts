/**
 * The index of all jobs in Redis: sorted sets of job ids by the time at which their jobs were queued, one for all jobs, one for
 * each state, error and code of a tape. BullMQ sorts its own sets by the end of the jobs.
 *
 * The jobs themselves are the truth. `indexJobs` writes what a job is at that moment, and may be repeated. A process that is killed
 * before it does so leaves a job under its old state, or a job that is gone: lists look at each job, and the next start corrects the rest.
 */
import { BAKES, keys, type Store } from './store.ts';

/** What the index tells of a job: `open` until it has ended. */
export type IndexState = 'open' | 'done' | 'failed';

export interface IndexEntry {
  readonly jobId: string;
  /** In milliseconds since 1970. */
  readonly queuedAt: number;
  readonly state: IndexState;
  /** The code of a failure; empty if the job has not failed. */
  readonly error: string;
}

/** Other jobs that are looked at whenever a job ends, in turn, so that a job that left the history leaves the index too. */
const SWEEP = 10;
/** Jobs of one command: a job may have 64 KiB to read, and nothing else runs in Redis meanwhile. */
const CHUNK = 50;
/** Ids of the history that are read at once. */
const IDS = 500;

/** Finds time, state and error of a job, as `readFailure` reads it; false for a job that is gone. */
const LOOK = `
local prefix = ARGV[1]
local bakes = prefix .. ':${BAKES}:'
local function look(id)
  local kept = redis.call('HMGET', bakes .. id, 'timestamp', 'failedReason')
  if not kept[1] then return false end
  if redis.call('ZSCORE', bakes .. 'completed', id) then return {kept[1], 'done', ''} end
  if not redis.call('ZSCORE', bakes .. 'failed', id) then return {kept[1], 'open', ''} end
  local isRead, failure = pcall(cjson.decode, kept[2] or '')
  if not isRead then return {kept[1], 'failed', 'WORKER_LOST'} end
  local code = type(failure) == 'table' and failure.code
  return {kept[1], 'failed', type(code) == 'string' and code or 'INTERNAL'}
end
`;

const LOOK_AT = `${LOOK}
local all = {}
for n = 2, #ARGV do all[n - 1] = look(ARGV[n]) end
return all
`;

/** Reads a job's data, which may be large, only when its time is new to the index. */
const INDEX = `${LOOK}
local jobs, sweep = prefix .. ':jobs', tonumber(ARGV[2])
local function codeOf(id)
  local isRead, data = pcall(cjson.decode, redis.call('HGET', bakes .. id, 'data') or '')
  local request = isRead and type(data) == 'table' and data.request
  local code = type(request) == 'table' and request.code
  return type(code) == 'string' and code
end
local function setCode(id, at, code)
  local before = redis.call('HGET', jobs .. ':codes', id)
  if before and before ~= code then
    redis.call('HDEL', jobs .. ':codes', id)
    redis.call('ZREM', jobs .. ':code:' .. before, id)
  end
  if code then
    redis.call('HSET', jobs .. ':codes', id, code)
    redis.call('ZADD', jobs .. ':code:' .. code, at, id)
  end
end
local function setState(id, at, now, failure)
  local hadFailed = false
  for _, state in ipairs({'open', 'done', 'failed'}) do
    if state == now then redis.call('ZADD', jobs .. ':' .. state, at, id)
    elseif redis.call('ZREM', jobs .. ':' .. state, id) == 1 and state == 'failed' then hadFailed = true end
  end
  if now == 'failed' or hadFailed then
    for _, code in ipairs(redis.call('SMEMBERS', jobs .. ':errors')) do
      if code ~= failure then redis.call('ZREM', jobs .. ':error:' .. code, id) end
    end
  end
  if now == 'failed' then
    redis.call('SADD', jobs .. ':errors', failure)
    redis.call('ZADD', jobs .. ':error:' .. failure, at, id)
  end
end
local function index(id)
  local found = look(id)
  if not found then
    redis.call('ZREM', jobs, id)
    setCode(id)
    setState(id)
    return
  end
  local at, state, failure = unpack(found)
  if redis.call('ZSCORE', jobs, id) ~= at then
    redis.call('ZADD', jobs, at, id)
    setCode(id, at, codeOf(id))
  end
  setState(id, at, state, failure)
end
for n = 3, #ARGV do index(ARGV[n]) end
local count = sweep > 0 and redis.call('ZCARD', jobs) or 0
if count > 0 then
  local first = (redis.call('INCRBY', jobs .. ':swept', sweep) - sweep) % count
  for _, id in ipairs(redis.call('ZRANGE', jobs, first, first + sweep - 1)) do index(id) end
end
return 0
`;

/** What jobs are at this moment; undefined for a job that is gone. Writes nothing, so that a full Redis answers too. */
export async function lookAt(
  { redis, prefix }: Store,
  jobIds: readonly string[],
): Promise<(IndexEntry | undefined)[]> {
  if (jobIds.length === 0) return [];
  const found = (await redis.eval(LOOK_AT, 0, prefix, ...jobIds)) as ([string, IndexState, string] | null)[];
  return jobIds.map((jobId, n) => {
    const [at, state, error] = found[n] ?? [];
    if (at === undefined || state === undefined) return undefined;
    return { jobId, queuedAt: Number(at), state, error: error ?? '' };
  });
}

/** Writes into the index what these jobs are at this moment. A job that is gone leaves it. */
export async function indexJobs(
  { redis, prefix }: Store,
  jobIds: readonly string[],
  sweep = 0,
): Promise<void> {
  for (let n = 0; n < jobIds.length; n += CHUNK) {
    await redis.eval(INDEX, 0, prefix, sweep, ...jobIds.slice(n, n + CHUNK));
  }
}

/** Writes a job that has just ended into the index, and corrects a few others in turn. */
export function indexEndedJob(store: Store, jobId: string): Promise<void> {
  return indexJobs(store, [jobId], SWEEP);
}

/**
 * Indexes the jobs that a killed process or an older release left out. It reads the ids of the whole history, and only those jobs
 * that are not indexed or were open. Stops when `signal` aborts.
 */
export async function catchUp(store: Store, signal: AbortSignal): Promise<void> {
  const { redis, bakes, prefix } = store;
  const open = await bakes.getRanges(['active', 'waiting', 'prioritized', 'delayed'], 0, -1);
  const wereOpen = await redis.zrange(keys.jobs(prefix, ':open'), '0', '-1');
  await indexJobs(store, [...new Set([...open, ...wereOpen])]);
  for (const state of ['failed', 'completed'] as const) {
    for (let first = 0; !signal.aborted; first += IDS) {
      const ids = await redis.zrange(bakes.toKey(state), `${first}`, `${first + IDS - 1}`);
      if (ids.length === 0) break;
      const scores = await redis.zmscore(keys.jobs(prefix, ''), ids);
      await indexJobs(
        store,
        ids.filter((_id, n) => scores[n] === null),
      );
    }
  }
}
