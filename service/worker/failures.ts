/** Reports what fails for good: tapes, and callbacks that are given up. */
import type { Worker } from 'bullmq';
import type { AlertEvent } from '../alerts/state.ts';
import { CANCELLED, readFailure } from '../queue/failure.ts';
import type { BakeData, CallbackData } from '../queue/job.ts';
import type { BakeResult } from '../schemas/outcome.ts';

/** Calls `report` once for each job that BullMQ tries no more. A cancelled tape did what its caller asked for. */
export function reportFailures(
  bakes: Worker<BakeData, BakeResult>,
  callbacks: Worker<CallbackData, string>,
  report: (event: AlertEvent) => void,
): void {
  bakes.on('failed', (job) => {
    if (!job?.finishedOn) return; // BullMQ tries it again
    const { code, message } = readFailure(job.failedReason);
    if (code === CANCELLED.code) return;
    report({ kind: 'bake', code, slug: job.data.request.slug, jobId: job.id!, message });
  });
  callbacks.on('failed', (job) => {
    if (!job?.finishedOn) return;
    const { request, jobId, delivery } = job.data;
    const message = delivery.lastError ?? 'The callback could not be made.';
    report({ kind: 'callback', code: 'CALLBACK_GIVEN_UP', slug: request.slug, jobId, message });
  });
}
