/**
 * The lines of the log about one tape: one for each event, with the job's id and the slug. `error` needs a person: a bug, or a fault
 * of Oven's side for which a tape or a callback is given up. `warn` is a fault of that side after which Oven goes on by itself. `info` is all
 * else, also a bad tape.
 */
import { ERRORS, type ErrorCode } from '../errors.ts';
import { type Log, Unnamed } from '../lib/log.ts';
import { traceIdOf } from '../lib/trace.ts';
import { isTriedAgain } from '../queue/failure.ts';
import { type BakeData, loggedSlug } from '../queue/job.ts';
import type { BakeResult, Failure, Stage } from '../schemas/outcome.ts';
import type { BakeRequest } from '../schemas/request.ts';

/** What a worker knows of the job it runs. */
export interface JobFacts {
  readonly id?: string | undefined;
  readonly data: BakeData;
  /** Attempts that were spent before. */
  readonly attemptsMade: number;
  /** `attempts`: at most so many in all. */
  readonly opts?: { readonly attempts?: number | undefined };
}

/** One attempt of a callback. */
interface CallbackFacts {
  readonly jobId: string;
  readonly callbackId: string;
  readonly attempt: number;
  readonly request: Pick<BakeRequest, 'slug' | 'private' | 'traceparent'>;
}

/** What `DeliveryAnswer` says, with the fields that the log has. */
type Answer =
  | 'delivered'
  | {
      readonly lastError: string;
      readonly retryInMs?: number | undefined;
      readonly isDeclined?: boolean | undefined;
    };

export interface WorkerEvents {
  bakeStarted(job: JobFacts): void;
  bakeEnded(job: JobFacts, result: BakeResult): void;
  /** `error` is what was thrown, with its causes; `stage` the last one that began. */
  bakeFailed(job: JobFacts, failure: Failure, error: unknown, stage: Stage | undefined): void;
  /** The job went back to the queue for a fault that is not the tape's. */
  bakePostponed(job: JobFacts, failure: Failure, error: unknown): void;
  /** The job was cancelled, handed back or lost. */
  bakeStopped(job: JobFacts, reason: unknown): void;
  /** An answer without `retryInMs` gives the callback up. */
  callbackAttempted(callback: CallbackFacts, milliseconds: number, answer: Answer): void;
  /** The job's worker gave no sign of life: another takes the job. */
  stalled(queue: string, jobId: string): void;
}

export function logEvents(log: Pick<Log, 'info' | 'warn' | 'error'>): WorkerEvents {
  const facts = ({ id, data, attemptsMade }: JobFacts) => ({
    jobId: id,
    slug: loggedSlug(data.request),
    traceId: traceIdOf(data.request.traceparent),
    attempt: attemptsMade + 1,
  });
  return {
    bakeStarted: (job) => log.info(facts(job), 'bake started'),
    bakeEnded: (job, { bytes, duration, timings }) =>
      log.info({ ...facts(job), bytes, duration, seconds: timings }, 'bake ended'),
    bakeFailed: (job, { code }, error, stage) =>
      log[levelOf(code, job)]({ ...facts(job), code, stage, err: loggedError(job, error) }, 'bake failed'),
    bakePostponed: (job, { code }, error) =>
      log.warn(
        { ...facts(job), code, postponed: job.data.postponed, err: loggedError(job, error) },
        'bake postponed',
      ),
    bakeStopped: (job, reason) => {
      const code = reason === 'cancel' ? 'CANCELLED' : undefined;
      log.info({ ...facts(job), code, reason: String(reason) }, 'bake stopped');
    },
    callbackAttempted: ({ jobId, request, callbackId, attempt }, milliseconds, answer) => {
      const slug = loggedSlug(request);
      const traceId = traceIdOf(request.traceparent);
      const event = { jobId, slug, traceId, callbackId, attempt, ms: Math.round(milliseconds) };
      if (answer === 'delivered') return log.info(event, 'callback delivered');
      const { lastError, retryInMs, isDeclined } = answer;
      if (retryInMs === undefined)
        return log[isDeclined ? 'warn' : 'error']({ ...event, lastError }, 'callback given up');
      return log.info({ ...event, lastError, retryInMs }, 'callback failed');
    },
    stalled: (queue, jobId) => log.warn({ queue, jobId }, 'job stalled'),
  };
}

/** The error for the log: without the names of a private tape, which are in paths and in messages of programs. */
function loggedError({ data: { request } }: JobFacts, error: unknown): unknown {
  return request.private ? new Unnamed(error, namesIn(request)) : error;
}

/** Every text that tells which tape a request means. */
function namesIn({ mongoId, slug, code, fileName, zipUrl }: BakeRequest): string[] {
  const segments = new URL(zipUrl).pathname.split('/').flatMap((part) => [part, part.replace(/\.zip$/i, '')]);
  return [mongoId, slug, code, fileName, zipUrl, ...segments].filter((name) => name !== undefined);
}

function levelOf(code: string, { attemptsMade, opts }: JobFacts): 'info' | 'warn' | 'error' {
  const { fault } = ERRORS[code as ErrorCode];
  if (['tape', 'source', 'caller'].includes(fault)) return 'info';
  const attempt = attemptsMade + 1;
  const isLast = attempt >= (opts?.attempts ?? Number.POSITIVE_INFINITY) || !isTriedAgain({ code }, attempt);
  return fault === 'bug' || isLast ? 'error' : 'warn';
}
