import { UnrecoverableError } from 'bullmq';
import type { Failure } from './job.ts';

export const CANCELLED: Failure = {
  code: 'CANCELLED',
  message: 'The bake was cancelled.',
  retryable: true,
};

const WORKER_LOST: Failure = {
  code: 'WORKER_LOST',
  message: 'The machine that baked this tape was lost too many times.',
  retryable: true,
};

const INTERNAL: Failure = {
  code: 'INTERNAL',
  message: 'Something went wrong inside Oven.',
  retryable: false,
};

/** Passing, but baked again only when somebody asks: a second try by itself is unwanted, or would be as long and as vain. */
const NOT_RETRIED_BY_ITSELF: readonly string[] = ['CANCELLED', 'BAKE_TIMEOUT'];

/** The machine can't bake any tape: each waits until it can again, and none fails for it. */
const HOST_FAULTS: readonly string[] = ['FFMPEG_MISSING', 'TEMP_DIR_UNUSABLE', 'OUTPUT_NOT_WRITABLE'];

/** What a thrown value tells the caller: code, message and `retryable` of a typed error; nothing of a bug. */
export function toFailure(error: unknown): Failure {
  const { code, message, retryable } = (error ?? {}) as Partial<Failure>;
  if (typeof code !== 'string' || typeof message !== 'string' || typeof retryable !== 'boolean')
    return INTERNAL;
  return { code, message, retryable };
}

/** Whether a failure says nothing about the tape. */
export function isHostFault({ code }: Failure): boolean {
  return HOST_FAULTS.includes(code);
}

/** The error that makes BullMQ keep `failure`, and try again where that may help. */
export function toJobError(failure: Failure): Error {
  const text = JSON.stringify(failure);
  const again = failure.retryable && !NOT_RETRIED_BY_ITSELF.includes(failure.code);
  return again ? new Error(text) : new UnrecoverableError(text);
}

/** The failure that a job's failedReason keeps; a reason BullMQ wrote itself means that its workers were lost. */
export function readFailure(failedReason: string | undefined): Failure {
  try {
    const { passing, ...failure } = JSON.parse(failedReason ?? ''); // `passing` is what version 0.1 wrote for `retryable`
    return toFailure({ retryable: passing, ...failure });
  } catch {
    return WORKER_LOST;
  }
}
