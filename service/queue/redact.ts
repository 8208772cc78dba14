/** What those who do not operate Oven learn of a private tape. */
import { ERRORS } from '../errors.ts';
import type { TapeReport } from './status.ts';

/** The name of every private tape. No slug has a space. */
export const A_TAPE = 'a tape';

/**
 * The report for everyone: that of a private tape without its name, its files and whatever a text may say of them. That it is there,
 * how far it is and with which code it failed stay.
 */
export function redact(report: TapeReport): TapeReport {
  if (!report.private) return report;
  const { jobId, status, stage, progress, timings, error, callback } = report;
  const { delivered, attempts, givenUp } = callback;
  return {
    jobId,
    slug: A_TAPE,
    private: true,
    status,
    stage,
    progress,
    timings,
    callback: givenUp === undefined ? { delivered, attempts } : { delivered, attempts, givenUp },
    ...(error && { error: { code: error.code, message: messageOf(error.code) } }),
  };
}

/** The message of a code for any tape. A code of another release has none here. */
function messageOf(code: string): string {
  return Object.hasOwn(ERRORS, code) ? ERRORS[code as keyof typeof ERRORS].message : '';
}
