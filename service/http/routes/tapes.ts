import { createRoute, z } from '@hono/zod-openapi';
import { StorageError } from '../../storage/storage.ts';
import type { App, Deps } from '../context.ts';
import { ApiError } from '../errors.ts';
import { bearer } from '../middleware.ts';
import { slug } from '../schemas/request.ts';
import { errors, json, purged } from '../schemas/response.ts';

/** Seconds until a bake that was told to stop will have, or its machine counts as lost. */
const RETRY_SECONDS = 30;

const whose = z.object({
  mongoId: z.string().min(1).max(128).optional().openapi({
    description: 'Removes this tape’s jobs and files only. Without it, all that have the name.',
  }),
  unowned: z.enum(['true', 'false']).optional().openapi({
    description: 'With mongoId: whether files that say nothing of their tape are its as well.',
  }),
});

/** `DELETE /tapes/:slug`: nothing is left of a tape that was taken down. */
export function tapeRoutes(app: App, { queue, storage, secrets, log }: Deps): void {
  const route = createRoute({
    ...{ method: 'delete', path: '/tapes/{slug}', tags: ['Operation'], security: [{ Bearer: [] }] },
    summary: 'Purge a tape: stored files, thumbnail, history, queued work',
    description:
      'By its slug, or by its code where files are named so. May be asked again; a slug of which there is nothing is purged as well.',
    middleware: bearer(secrets),
    request: { params: z.object({ slug }), query: whose },
    responses: {
      200: json(purged, 'What was removed.'),
      ...errors('INVALID_REQUEST', 'UNAUTHORIZED', 'TAPE_BUSY', 'STORAGE_FAILED', 'QUEUE_UNREACHABLE'),
    },
  });
  app.openapi(route, async (c) => {
    const { slug } = c.req.valid('param');
    // The work first: it could store files after they were removed.
    const { mongoId, unowned } = c.req.valid('query');
    const { removed: jobs, running, names } = await queue.purge(slug, mongoId);
    const of = mongoId === undefined ? undefined : { mongoId, unowned: unowned === 'true' };
    const files: string[] = [];
    for (const name of [slug, ...names]) {
      const removed = await storage.remove(name, of).catch((cause: unknown) => {
        throw cause instanceof StorageError
          ? new ApiError('STORAGE_FAILED', { cause, retryAfter: RETRY_SECONDS })
          : cause;
      });
      files.push(...removed);
    }
    log.info({ requestId: c.get('requestId'), slug, jobs, files, running }, 'tape purged');
    if (running.length > 0) throw new ApiError('TAPE_BUSY', { retryAfter: RETRY_SECONDS });
    return c.json({ slug, jobs: [...jobs], files }, 200);
  });
}
