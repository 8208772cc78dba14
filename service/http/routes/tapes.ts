import { createRoute, z } from '@hono/zod-openapi';
import type { Log } from '../../lib/log.ts';
import type { Queue } from '../../queue/queue.ts';
import { slug } from '../../schemas/request.ts';
import { type OutputStorage, StorageError } from '../../storage/storage.ts';
import { ApiError } from '../errors.ts';
import type { App } from '../middleware.ts';
import { operatorOnly } from '../operator.ts';
import { errors, json, purged } from '../responses.ts';

export interface TapeRouteOptions {
  readonly queue: Queue;
  readonly storage: Pick<OutputStorage, 'remove'>;
  readonly log: Log;
}

/** Seconds after which a bake that was told to stop has stopped, or its machine counts as lost. */
const RETRY_SECONDS = 30;

const query = z.object({
  mongoId: z.string().min(1).max(128).optional().openapi({
    description: 'Removes this tape’s jobs and files only. Without it, all that have the name.',
  }),
  unowned: z.enum(['true', 'false']).optional().openapi({
    description: 'With mongoId: whether files that say nothing of their tape are its as well.',
  }),
});

/** `DELETE /tapes/{slug}`: removes everything of a tape that was taken down. */
export function tapeRoutes(app: App, { queue, storage, log }: TapeRouteOptions): void {
  const route = createRoute({
    method: 'delete',
    path: '/tapes/{slug}',
    tags: ['Operation'],
    security: [{ Bearer: [] }],
    summary: 'Purge a tape: stored files, thumbnail, history, queued work',
    description:
      'By its slug, or by its code if files are named so. May be repeated: a slug that nothing is known of is purged as well.',
    middleware: operatorOnly,
    request: { params: z.object({ slug }), query },
    responses: {
      200: json(purged, 'What was removed.'),
      ...errors(
        'BODY_TOO_LARGE',
        'INVALID_REQUEST',
        'UNAUTHORIZED',
        'TAPE_BUSY',
        'STORAGE_FAILED',
        'QUEUE_UNREACHABLE',
      ),
    },
  });
  app.openapi(route, async (c) => {
    const { slug } = c.req.valid('param');
    const { mongoId, unowned } = c.req.valid('query');
    // The work first: it could store files after they were removed.
    const { removed: jobs, running, names, isPublic } = await queue.purge(slug, mongoId);
    const owner = mongoId === undefined ? undefined : { mongoId, unowned: unowned === 'true' };
    const files: string[] = [];
    for (const name of [slug, ...names]) {
      const removed = await storage.remove(name, owner).catch((cause: unknown) => {
        if (!(cause instanceof StorageError)) throw cause;
        throw new ApiError('STORAGE_FAILED', { cause, retryAfter: RETRY_SECONDS });
      });
      files.push(...removed);
    }
    const named = isPublic ? { slug, files } : {};
    log.info({ requestId: c.get('requestId'), jobs, running, ...named }, 'tape purged');
    if (running.length > 0) throw new ApiError('TAPE_BUSY', { retryAfter: RETRY_SECONDS });
    return c.json({ slug, jobs: [...jobs], files }, 200);
  });
}
