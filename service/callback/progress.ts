import { randomUUID } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import { latestOnly } from '../lib/latest-only.ts';
import type { ProgressBody, StageProgress } from '../schemas/outcome.ts';
import type { BakeRequest } from '../schemas/request.ts';
import { type Allowed, post } from './post.ts';
import type { Secrets } from './secrets.ts';

export interface ProgressOptions {
  readonly secrets: Secrets;
  readonly isAllowed: Allowed;
  /** Milliseconds until the answer must have begun. */
  readonly timeoutMs?: number;
  /** Milliseconds between the beginnings of two messages at least. */
  readonly everyMs?: number;
  readonly lookup?: LookupFunction;
}

/** Tells one bake's progressUrl how far it is. */
export interface ProgressReporter {
  /** Returns at once. Only the latest is sent, when it is time. */
  report(progress: StageProgress): void;
  /** Nothing is sent any more: what comes now is for the callback to say. */
  end(): void;
}

export type ReportProgress = (request: BakeRequest, jobId: string) => ProgressReporter;

/** Makes the reporters: best effort, at most one message a second each, one at a time, and no bake waits for one. */
export function openProgressReports(options: ProgressOptions): ReportProgress {
  const { everyMs = 1000, timeoutMs = 5000, ...rest } = options;
  return ({ progressUrl: url, mongoId, slug }, jobId) => {
    if (url === undefined) return { report: () => {}, end: () => {} };
    const stop = new AbortController();
    const how = { ...rest, timeoutMs, signal: stop.signal };
    const reports = latestOnly({
      write: (body: ProgressBody) => post({ id: `progress-${randomUUID()}`, url, body }, how),
      onError: () => {}, // the next report may arrive
      everyMs,
    });
    let lastReported = '';
    return {
      report: ({ stage, progress }) => {
        const percent = Math.floor(progress * 100);
        if (lastReported === `${stage} ${percent}`) return;
        lastReported = `${stage} ${percent}`;
        reports.set({ mongoId, slug, jobId, stage, percent });
      },
      end: () => {
        reports.drop();
        stop.abort();
      },
    };
  };
}
