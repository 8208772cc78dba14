import { ask } from './api.ts';
import { CommandError } from './error.ts';
import type { Filters } from './filters.ts';
import { collectJobs, listJobs } from './list-jobs.ts';
import { renderDetails, renderJobs } from './render-jobs.ts';
import { terminalWidth } from './table.ts';

interface ListOptions extends Filters {
  readonly limit: number;
  readonly json?: true;
}

/** `oven jobs`. */
export async function showJobs({ limit, json, ...filters }: ListOptions): Promise<void> {
  const jobs = await collectJobs(filters, limit);
  const text = json
    ? JSON.stringify(jobs, null, 2)
    : renderJobs(jobs, terminalWidth(process.stdout), Date.now());
  process.stdout.write(`${text}\n`);
}

/** `oven show JOB`, or the newest job of a slug. */
export async function showJob(name: string, { json }: { readonly json?: true }): Promise<void> {
  const { status, body } = await ask(`/admin/jobs/${encodeURIComponent(name)}`, {
    secured: true,
    also: [404],
  });
  const found = status === 404 ? await newestOf(name, body) : body;
  const text = json
    ? JSON.stringify(found, null, 2)
    : renderDetails(found, terminalWidth(process.stdout), Date.now());
  process.stdout.write(`${text}\n`);
}

async function newestOf(slug: string, notFound: { error: { code: string; message: string } }) {
  if (slug.length <= 64) {
    for await (const { jobId } of listJobs({ slug }, 1)) {
      return (await ask(`/admin/jobs/${jobId}`, { secured: true })).body;
    }
  }
  const { code, message } = notFound.error;
  throw new CommandError(`${message} [${code}]`);
}
