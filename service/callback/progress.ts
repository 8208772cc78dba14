import { randomUUID } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import type { BakeRequest, StageProgress } from '../queue/job.ts';
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

/** Makes the tellers: best effort, at most one message a second each, one at a time, and no bake waits for any. */
export function openProgressReports(options: ProgressOptions): ReportProgress {
  const { everyMs = 1000, timeoutMs = 5000, ...rest } = options;
  return ({ progressUrl: url, mongoId, slug }, jobId) => {
    if (url === undefined) return { report: () => {}, end: () => {} };
    const stop = new AbortController();
    const how = { ...rest, timeoutMs, signal: stop.signal };
    let latest: StageProgress | undefined;
    let lastSent = '';
    let notBefore = 0;
    let waiting = false;

    const send = async () => {
      while (latest !== undefined && !stop.signal.aborted) {
        await pause(notBefore - performance.now(), stop.signal);
        const { stage, progress }: StageProgress = latest;
        latest = undefined;
        const body = { mongoId, slug, jobId, stage, percent: Math.floor(progress * 100) };
        if (lastSent === `${body.stage} ${body.percent}`) continue;
        lastSent = `${body.stage} ${body.percent}`;
        notBefore = performance.now() + everyMs;
        await post({ id: `progress-${randomUUID()}`, url, body }, how);
      }
    };
    return {
      report: (progress) => {
        latest = progress;
        if (waiting || stop.signal.aborted) return;
        waiting = true;
        // Whatever goes wrong: the next one may get there.
        send()
          .catch(() => {})
          .finally(() => {
            waiting = false;
          });
      },
      end: () => stop.abort(),
    };
  };
}

/** Unlike node:timers/promises, leaves no rejection for what nobody waits for any more. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    timer.unref();
    signal.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
