/** The answers of the API, as schemas and for its document. */
import { z } from '@hono/zod-openapi';
import { API_CODES, type ApiCode, ERRORS } from '../errors.ts';
import {
  bakeResult,
  delivery,
  deliveryAttempt,
  failure,
  failureDetails,
  jobId,
  STAGES,
  seconds,
} from '../schemas/outcome.ts';
import { outputs } from '../schemas/request.ts';

const status = z.enum(['queued', ...STAGES, 'done', 'failed']);
const epoch = z.number().openapi({ description: 'Milliseconds since 1970.' });

export const errorBody = z
  .object({
    error: z.object({
      code: z.enum(API_CODES),
      message: z.string(),
      fields: z
        .array(z.object({ field: z.string(), message: z.string() }))
        .optional()
        .openapi({ description: 'Every field that is wrong.' }),
    }),
  })
  .openapi('Error');

/** The answer to a request that changes a job. */
export const accepted = z
  .object({ jobId, status, statusUrl: z.string().openapi({ format: 'uri' }) })
  .openapi('Accepted');

export const report = z
  .object({
    jobId,
    slug: z.string(),
    private: z.literal(true).optional().openapi({ description: 'Only on a private tape.' }),
    status,
    stage: z.enum(STAGES).nullable(),
    progress: z.number().min(0).max(1).openapi({ description: 'Of the whole bake.' }),
    timings: z.object({ queuedAt: epoch, startedAt: epoch.optional(), finishedAt: epoch.optional() }),
    result: bakeResult.optional(),
    error: failure.optional(),
    callback: delivery,
  })
  .openapi('Job');

const listedJob = report.extend({
  mongoId: z.string(),
  code: z.string().optional().openapi({ description: 'The short code of the tape.' }),
  attempts: z.int().openapi({ description: 'Attempts of the bake that have ended.' }),
  priority: z.int(),
  host: z.string().optional().openapi({ description: 'The host that runs it, or ran it last.' }),
});

export const hostList = z
  .object({
    hosts: z.array(
      z.object({
        name: z.string(),
        release: z.string(),
        state: z.enum(['serving', 'draining', 'paused']).openapi({
          description: '`draining`: it takes no tapes; `paused`: its bakes wait for a fault.',
        }),
        reason: z.object({ code: z.string(), message: z.string() }).optional(),
        freeBytes: z.number().optional().openapi({ description: 'Of the disk of TEMP_DIR.' }),
        totalBytes: z.number().optional(),
        bakes: z.int().openapi({ description: 'Jobs that run there now.' }),
        callbacks: z.int(),
        at: epoch,
      }),
    ),
  })
  .openapi('Hosts');

export const jobPage = z
  .object({
    jobs: z.array(listedJob),
    next: z.string().optional().openapi({ description: 'The `cursor` of the next page.' }),
  })
  .openapi('JobPage');

export const jobDetails = listedJob
  .extend({
    zipUrl: z.string(),
    callbackUrl: z.string(),
    outputs,
    postponed: z
      .object({ since: epoch, times: z.int() })
      .optional()
      .openapi({ description: 'Since when, and how often, it waits for a fault that is not its own.' }),
    failure: failureDetails.optional().openapi({ description: 'The last attempt that failed.' }),
    callbackId: z.string().openapi({ description: 'The `webhook-id`.' }),
    callbackAttempts: z.array(deliveryAttempt).openapi({ description: 'The last ones, the oldest first.' }),
  })
  .openapi('JobDetails');

export const purged = z
  .object({
    slug: z.string(),
    jobs: z.array(jobId).openapi({ description: 'Jobs that were removed.' }),
    files: z.array(z.string()).openapi({ description: 'Keys of the stored files that were removed.' }),
  })
  .openapi('Purged');

export const drained = z
  .object({
    draining: z.boolean(),
    phase: z
      .enum(['off', 'leaving', 'drained'])
      .openapi({ description: '`leaving`: tapes are still taken, until a load balancer has noticed.' }),
    scope: z.enum(['host', 'all']).openapi({
      description:
        'What `idle` and `active` are of: this host, one of several; or the whole queue. `waiting` and `retrying` are always of the queue.',
    }),
    host: z.string().openapi({ description: 'The name of the host that answers.' }),
    idle: z.boolean().openapi({
      description:
        '`host`: no tape is taken, and none is baked or delivered here. `all`: no tape waits or is baked, and no callback is to be delivered.',
    }),
    bakes: z.object({ waiting: z.int(), active: z.int(), retrying: z.int() }),
    callbacks: z.object({ waiting: z.int(), active: z.int(), retrying: z.int() }),
  })
  .openapi('Drain');

export const reasons = z.array(z.object({ code: z.string(), message: z.string() }));

export const health = z
  .object({
    status: z.enum(['healthy', 'draining', 'unhealthy']),
    release: z.string(),
    uptimeSeconds: seconds,
    reasons: reasons.optional(),
  })
  .openapi('Health');

export const workHealth = z
  .object({ status: z.enum(['healthy', 'unhealthy']), reasons: reasons.optional() })
  .openapi('WorkHealth');

/** An answer with a JSON body. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** The errors that a route may answer, for the document: one answer for each status, with its codes. */
export function errors<C extends ApiCode>(...codes: readonly C[]) {
  const found = [...codes, ...ALWAYS];
  const statuses = [...new Set(found.map((code) => ERRORS[code].status))].sort();
  return Object.fromEntries(
    statuses.map((one) => {
      const these = found.filter((code) => ERRORS[code].status === one);
      const description = these.map((code) => `\`${code}\`: ${ERRORS[code].message}`).join(' ');
      return [one, json(errorBody, description)];
    }),
  );
}

/** The errors of every route. */
const ALWAYS = ['INTERNAL'] as const;
