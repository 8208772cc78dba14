import { randomUUID } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import { latestOnly } from '../lib/latest-only.ts';
import type { ProgressBody, StageProgress } from '../schemas/outcome.ts';
import type { BakeRequest } from '../schemas/request.ts';
import type { Allowed } from '../source/allow-list.ts';
import { post } from './post.ts';
import type { Secrets } from './secrets.ts';

export interface ProgressOptions {
  readonly secrets: Secrets;
  readonly isAllowed: Allowed;
  /** Milliseconds until the receiver must begin its answer. */
  readonly timeoutMs?: number;
  /** The least number of milliseconds from one message to the next. */
  readonly everyMs?: number;
  readonly lookup?: LookupFunction;
}

/** Sends the progress of one bake to its progressUrl. */
export interface ProgressReporter {
  /** Returns at once. Only the latest progress is sent. */
  report(progress: StageProgress): void;
  /** Sends nothing more: the callback reports the end. */
  end(): void;
}

export type ReportProgress = (request: BakeRequest, jobId: string) => ProgressReporter;

/** Opens the reporters. Each sends one message at a time and at most one a second. No bake waits for a message, and a lost one is not sent again. */
export function openProgressReports(options: ProgressOptions): ReportProgress {
  const { everyMs = 1000, timeoutMs = 5000, ...rest } = options;
  return ({ progressUrl: url, mongoId, slug, traceparent }, jobId) => {
    if (url === undefined) return { report: () => {}, end: () => {} };
    const stop = new AbortController();
    const how = { ...rest, timeoutMs, signal: stop.signal };
    const reports = latestOnly({
      write: (body: ProgressBody) => post({ id: `progress-${randomUUID()}`, url, body, traceparent }, how),
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
