import { ask } from './api.ts';
import { type Filters, toQuery } from './filters.ts';

/** A job as GET /admin/jobs answers it. */
export interface ListedJob {
  readonly jobId: string;
  readonly slug: string;
  readonly code?: string;
  readonly status: string;
  readonly progress: number;
  readonly attempts: number;
  readonly timings: { readonly queuedAt: number; readonly startedAt?: number; readonly finishedAt?: number };
  readonly error?: { readonly code: string; readonly message: string };
  readonly callback: { readonly delivered: boolean; readonly givenUp?: boolean; readonly lastError?: string };
}

const PAGE = 100;

/** All jobs that match, newest first, page by page as they are asked for. */
export async function* listJobs(
  filters: Filters,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<ListedJob> {
  const query = toQuery(filters);
  for (let left = limit; left > 0; ) {
    query.set('limit', String(Math.min(PAGE, left)));
    const { body } = await ask(`/admin/jobs?${query}`, { secured: true });
    yield* body.jobs;
    left -= body.jobs.length;
    if (body.next === undefined) return;
    query.set('cursor', body.next);
  }
}

/** As `listJobs`, in a list. */
export async function collectJobs(filters: Filters, limit?: number): Promise<ListedJob[]> {
  const jobs: ListedJob[] = [];
  for await (const job of listJobs(filters, limit)) jobs.push(job);
  return jobs;
}
