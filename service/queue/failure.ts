import { UnrecoverableError } from 'bullmq';
import type { Failure } from './job.ts';

export const CANCELLED: Failure = {
  code: 'CANCELLED',
  message: 'The bake was cancelled.',
  passing: true, // not retried by itself, but baked when asked for again
};

const WORKER_LOST: Failure = {
  code: 'WORKER_LOST',
  message: 'The machine that baked this tape was lost too many times.',
  passing: true,
};

const INTERNAL: Failure = { code: 'INTERNAL', message: 'Something went wrong inside Oven.', passing: false };

/** What a thrown value tells the caller: code, message and `passing` of a typed error; nothing of a bug. */
export function failureOf(error: unknown): Failure {
  const { code, message, passing } = (error ?? {}) as Partial<Failure>;
  if (typeof code !== 'string' || typeof message !== 'string' || typeof passing !== 'boolean')
    return INTERNAL;
  return { code, message, passing };
}

/** The error that makes BullMQ keep `failure`, and try again only when it passes and `retry` is left true. */
export function asJobError(failure: Failure, { retry = true } = {}): Error {
  const text = JSON.stringify(failure);
  return failure.passing && retry ? new Error(text) : new UnrecoverableError(text);
}

/** The failure that a job's failedReason keeps; a reason BullMQ wrote itself means that its workers were lost. */
export function readFailure(failedReason: string | undefined): Failure {
  try {
    return failureOf(JSON.parse(failedReason ?? ''));
  } catch {
    return WORKER_LOST;
  }
}
