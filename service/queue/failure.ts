import { UnrecoverableError } from 'bullmq';
import type { Failure } from './job.ts';

export const CANCELLED: Failure = {
  code: 'CANCELLED',
  message: 'The bake was cancelled.',
  passing: true,
};

const WORKER_LOST: Failure = {
  code: 'WORKER_LOST',
  message: 'The machine that baked this tape was lost too many times.',
  passing: true,
};

const INTERNAL: Failure = { code: 'INTERNAL', message: 'Something went wrong inside Oven.', passing: false };

/** Passing, but baked again only when somebody asks: a second try by itself is unwanted, or would be as long and as vain. */
const ONLY_WHEN_ASKED: readonly string[] = ['CANCELLED', 'BAKE_TIMEOUT'];

/** The machine can't bake any tape: each waits until it can again, and none fails for it. */
const MACHINE_FAULTS: readonly string[] = ['FFMPEG_MISSING', 'TEMP_DIR_UNUSABLE', 'OUTPUT_NOT_WRITABLE'];

/** What a thrown value tells the caller: code, message and `passing` of a typed error; nothing of a bug. */
export function failureOf(error: unknown): Failure {
  const { code, message, passing } = (error ?? {}) as Partial<Failure>;
  if (typeof code !== 'string' || typeof message !== 'string' || typeof passing !== 'boolean')
    return INTERNAL;
  return { code, message, passing };
}

/** Whether a failure says nothing about the tape. */
export function isMachineFault({ code }: Failure): boolean {
  return MACHINE_FAULTS.includes(code);
}

/** The error that makes BullMQ keep `failure`, and try again where that may help. */
export function asJobError(failure: Failure): Error {
  const text = JSON.stringify(failure);
  const again = failure.passing && !ONLY_WHEN_ASKED.includes(failure.code);
  return again ? new Error(text) : new UnrecoverableError(text);
}

/** The failure that a job's failedReason keeps; a reason BullMQ wrote itself means that its workers were lost. */
export function readFailure(failedReason: string | undefined): Failure {
  try {
    return failureOf(JSON.parse(failedReason ?? ''));
  } catch {
    return WORKER_LOST;
  }
}
