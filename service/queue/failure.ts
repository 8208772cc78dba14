/** Why a job failed, as BullMQ keeps it. */
import { UnrecoverableError } from 'bullmq';
import { ERRORS, OvenError, type Retry } from '../errors.ts';
import { type Failure, type FailureDetails, failureDetails } from '../schemas/outcome.ts';
import { isRedisError } from './store.ts';

const QUEUE_UNREACHABLE = failureOf(new OvenError('QUEUE_UNREACHABLE'));
const INTERNAL = failureOf(new OvenError('INTERNAL'));
const WORKER_LOST = failureOf(new OvenError('WORKER_LOST'));
export const CANCELLED = failureOf(new OvenError('CANCELLED'));

/** What the caller learns of a thrown value: all of a typed error, nothing of a bug. */
export function toFailure(error: unknown): Failure {
  if (error instanceof OvenError) return failureOf(error);
  return isRedisError(error) ? QUEUE_UNREACHABLE : INTERNAL;
}

/** Whether a failure says nothing about the tape: the job waits until the fault is gone, and spends no attempt. */
export function isPostponed(failure: Failure): boolean {
  return retryOf(failure) === 'postponed';
}

/**
 * Attempts of a bake, by how its failure is retried. A source that is away for two minutes fails no tape, with the shortest waits that
 * the queue's jitter gives; a failed encoder costs all of a bake each time.
 */
export const MAX_ATTEMPTS = { transient: 7, automatic: 4 } as const;

/**
 * The error of attempt number `attempt` (from 1) that makes BullMQ keep `failure`, and try again if the table says so. `details` are for
 * the operator alone.
 */
export function toJobError(failure: Failure, attempt = 1, details?: FailureDetails): Error {
  const text = JSON.stringify({ ...failure, details });
  return isTriedAgain(failure, attempt) ? new Error(text) : new UnrecoverableError(text);
}

/** Whether another attempt follows by itself after attempt number `attempt` (from 1) failed so. */
export function isTriedAgain(failure: Pick<Failure, 'code'>, attempt: number): boolean {
  const retry = retryOf(failure);
  return (retry === 'transient' || retry === 'automatic') && attempt < MAX_ATTEMPTS[retry];
}

/** The failure that a job's failedReason keeps; a reason that BullMQ wrote itself means that its workers were lost. */
export function readFailure(failedReason: string | undefined): Failure {
  try {
    // `passing` is what version 0.1 wrote for `retryable`
    const { code, message, retryable, passing = retryable } = JSON.parse(failedReason ?? '');
    const isFailure = typeof code === 'string' && typeof message === 'string' && typeof passing === 'boolean';
    return isFailure ? { code, message, retryable: passing } : INTERNAL;
  } catch {
    return WORKER_LOST;
  }
}

/** The details that a job's failedReason keeps; undefined if there are none. */
export function readFailureDetails(failedReason: string | undefined): FailureDetails | undefined {
  try {
    return failureDetails.optional().parse(JSON.parse(failedReason ?? '').details);
  } catch {
    return undefined;
  }
}

function failureOf({ code, message, retryable }: OvenError): Failure {
  return { code, message, retryable };
}

/** A job of another release may have a code that this one does not know: it is not tried again by itself. */
function retryOf({ code }: Pick<Failure, 'code'>): Retry {
  const row = Object.hasOwn(ERRORS, code) ? ERRORS[code as keyof typeof ERRORS] : undefined;
  return row !== undefined && 'retry' in row ? row.retry : 'never';
}
