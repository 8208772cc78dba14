/** Lists of jobs for the operator, page by page, by the index of jobs, and all that is kept of one job. */
import type { DeliveryAttempt, FailureDetails } from '../schemas/outcome.ts';
import type { BakeRequest } from '../schemas/request.ts';
import { readFailureDetails } from './failure.ts';
import { type IndexEntry, indexJobs, lookAt } from './job-index.ts';
import { type CallbackJob, type FoundJob, findJob, type TapeReport, toReport } from './status.ts';
import { keys, type Store } from './store.ts';

/** The states that a list can be asked for; `active` is being baked. */
export const LISTED_STATES = ['queued', 'active', 'done', 'failed'] as const;

/** Which jobs a list has: those that match every field. */
export interface JobFilter {
  readonly status?: (typeof LISTED_STATES)[number] | undefined;
  readonly slug?: string | undefined;
  /** The tape's. */
  readonly code?: string | undefined;
  /** The code of the failure. */
  readonly error?: string | undefined;
  /** In milliseconds since 1970: jobs that were queued then or later. */
  readonly since?: number | undefined;
}

/** A place in a list, which holds while jobs come and go: the list is sorted by time, then by id, the newest first. */
export interface Position {
  readonly queuedAt: number;
  readonly jobId: string;
}

export interface ListedJob extends TapeReport {
  readonly mongoId: string;
  readonly code?: string | undefined;
  /** Attempts of the bake that ended. */
  readonly attempts: number;
  readonly priority: number;
  /** The host that runs it, or ran it last. */
  readonly host?: string | undefined;
}

export interface JobPage {
  readonly jobs: readonly ListedJob[];
  /** Where the next page begins; undefined at the end. A page may have fewer jobs than were asked for, and a next one. */
  readonly next: Position | undefined;
}

/** A job with what only the operator sees. */
export interface JobDetails extends ListedJob {
  readonly request: BakeRequest;
  readonly postponed?: { readonly since: number; readonly times: number } | undefined;
  readonly failure?: FailureDetails | undefined;
  readonly callbackId: string;
  readonly callbackAttempts: readonly DeliveryAttempt[];
}

/** Ids of one command. */
const CHUNK = 200;
/** Ids that one page looks at, at most: after a large history was trimmed the index has many jobs that are gone. */
const MAX_LOOKED_AT = 5000;

/** Lists at most `limit` jobs after the position, or from the newest on. Reads only the jobs of the page. */
export async function listJobs(
  store: Store,
  filter: JobFilter,
  { limit, after }: { readonly limit: number; readonly after?: Position | undefined },
): Promise<JobPage> {
  const jobs: ListedJob[] = [];
  const outdated: string[] = [];
  let lookedAt = 0;
  let next: Position | undefined;
  for await (const positions of candidates(store, filter, after)) {
    const entries = await lookAt(
      store,
      positions.map(({ jobId }) => jobId),
    );
    const matching = entries.filter((entry) => entry !== undefined && entryMatches(entry, filter));
    outdated.push(...positions.map(({ jobId }) => jobId).filter((_id, n) => !matching.includes(entries[n])));
    for (let n = 0; n < matching.length && jobs.length <= limit; ) {
      const few = matching.slice(n, n + limit + 1 - jobs.length);
      const read = await Promise.all(few.map((entry) => readListed(store, entry!.jobId)));
      jobs.push(...read.filter((job) => job !== undefined && jobMatches(job, filter)).map((job) => job!));
      n += few.length;
    }
    if (jobs.length > limit) {
      next = positionOf(jobs[limit - 1]!);
      break;
    }
    lookedAt += positions.length;
    if (lookedAt >= MAX_LOOKED_AT) {
      next = positions.at(-1);
      break;
    }
  }
  // A list is right without this write, which a full Redis refuses.
  void indexJobs(store, outdated).catch(() => {});
  return { jobs: jobs.slice(0, limit), next };
}

/** All that is kept of one job; undefined if there is none. */
export async function readDetails(store: Store, jobId: string): Promise<JobDetails | undefined> {
  const found = await findJob(store, jobId);
  if (found === undefined) return undefined;
  const { data, failedReason } = found.job;
  const callback = await store.callbacks.getJob(data.callbackId);
  return {
    ...listed(found, callback),
    request: { ...data.request, metadata: (callback?.data ?? data).request.metadata },
    postponed: data.postponed,
    // The last failure of a job that waits for its next attempt is of interest too.
    failure: readFailureDetails(failedReason),
    callbackId: data.callbackId,
    callbackAttempts: callback?.data.attemptLog ?? [],
  };
}

async function readListed(store: Store, jobId: string): Promise<ListedJob | undefined> {
  const found = await findJob(store, jobId);
  return found && listed(found, await store.callbacks.getJob(found.job.data.callbackId));
}

function listed(found: FoundJob, callback: CallbackJob | undefined): ListedJob {
  const { job } = found;
  const { mongoId, code } = job.data.request;
  return {
    ...toReport(found, callback),
    mongoId,
    code,
    attempts: job.attemptsMade,
    priority: job.opts.priority ?? 0,
    host: job.processedBy,
  };
}

function positionOf({ jobId, timings }: TapeReport): Position {
  return { jobId, queuedAt: timings.queuedAt };
}

/** What the index knows: time, state and error. */
function entryMatches({ queuedAt, state, error }: IndexEntry, filter: JobFilter): boolean {
  const isState = filter.status === undefined || state === indexStateOf(filter.status);
  const isError = filter.error === undefined || error === filter.error;
  return isState && isError && queuedAt >= (filter.since ?? 0);
}

/** What only the job itself tells: its tape, and whether an open job is being baked. */
function jobMatches({ slug, code, status }: ListedJob, filter: JobFilter): boolean {
  if (filter.slug !== undefined && slug !== filter.slug) return false;
  if (filter.code !== undefined && code !== filter.code) return false;
  if (filter.status === 'queued') return status === 'queued';
  return filter.status !== 'active' || !['queued', 'done', 'failed'].includes(status);
}

function indexStateOf(status: (typeof LISTED_STATES)[number]): IndexEntry['state'] {
  return status === 'queued' || status === 'active' ? 'open' : status;
}

/** The jobs that may match, in the list's order: the smallest part of the index in which all that match are. */
async function* candidates(store: Store, filter: JobFilter, after: Position | undefined) {
  const { redis, bakes, prefix } = store;
  if (filter.slug !== undefined) {
    const members = await redis.smembers(keys.slug(prefix, filter.slug));
    const ids = new Set(members.map((member) => member.split(' ')[0]!));
    return yield* sortedPositions(store, [...ids], after);
  }
  if (filter.status === 'active') {
    return yield* sortedPositions(store, await bakes.getRanges(['active'], 0, -1), after);
  }
  const parts = [
    ...(filter.code === undefined ? [] : [`:code:${filter.code}`]),
    ...(filter.error === undefined ? [] : [`:error:${filter.error}`]),
    ...(filter.status === undefined ? [] : [`:${indexStateOf(filter.status)}`]),
  ];
  const sizes = await Promise.all(parts.map((part) => redis.zcard(keys.jobs(prefix, part))));
  const smallest = parts[sizes.indexOf(Math.min(...sizes))] ?? '';
  yield* readIndex(store, keys.jobs(prefix, smallest), filter.since, after);
}

/** The positions of a few jobs. */
async function* sortedPositions(store: Store, jobIds: readonly string[], after: Position | undefined) {
  const found: Position[] = [];
  for (let n = 0; n < jobIds.length; n += CHUNK) {
    const entries = await lookAt(store, jobIds.slice(n, n + CHUNK));
    found.push(...entries.filter((entry) => entry !== undefined));
  }
  const sorted = found.filter((one) => isAfter(one, after)).sort((a, b) => (isAfter(a, b) ? 1 : -1));
  for (let n = 0; n < sorted.length; n += CHUNK) yield sorted.slice(n, n + CHUNK);
}

/** Reads a sorted set from the position on, newest first. */
async function* readIndex(store: Store, key: string, since: number | undefined, after: Position | undefined) {
  let last = after;
  for (let skipped = 0; ; ) {
    const range = [last?.queuedAt ?? '+inf', since ?? '-inf'] as const;
    const found = await store.redis.zrevrangebyscore(key, ...range, 'WITHSCORES', 'LIMIT', skipped, CHUNK);
    if (found.length === 0) return;
    const positions = toPositions(found).filter((one) => isAfter(one, last));
    // Jobs of the same moment as the last one may fill whole answers.
    skipped = positions.length === 0 ? skipped + CHUNK : 0;
    last = positions.at(-1) ?? last;
    if (positions.length > 0) yield positions;
  }
}

/** Ids and scores in turn, as Redis answers. */
function toPositions(found: readonly string[]): Position[] {
  const positions: Position[] = [];
  for (let n = 0; n < found.length; n += 2) {
    positions.push({ jobId: found[n]!, queuedAt: Number(found[n + 1]) });
  }
  return positions;
}

function isAfter(one: Position, other: Position | undefined): boolean {
  if (other === undefined || one.queuedAt < other.queuedAt) return true;
  return one.queuedAt === other.queuedAt && one.jobId < other.jobId;
}
