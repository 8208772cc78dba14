import { join } from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import type { MiddlewareHandler } from 'hono';
import { fileTypes, OUTPUT_KINDS } from '../../bake/outputs.ts';
import { SLUG } from '../../lib/ids.ts';
import { isPrivateFile } from '../../storage/folder-storage.ts';
import { CACHE_CONTROL } from '../../storage/keys.ts';
import type { App } from '../middleware.ts';
import { isOperator } from '../operator.ts';

const ENDINGS = OUTPUT_KINDS.flatMap(fileTypes).map(({ ending }) => ending);
const PREFIX = '/files';

/**
 * `GET /files/tapes/:name`: the finished files of folder storage, and no other file in that folder; private ones for operators
 * only. Players may ask for ranges.
 */
export function fileRoutes(app: App, folder: string): void {
  const serve = serveStatic({ root: folder, rewriteRequestPath: (path) => path.slice(PREFIX.length) });
  const onlyReadable: MiddlewareHandler = async (c, next) => {
    const name = c.req.param('name') ?? '';
    if (!isOutput(name)) return c.notFound();
    const isPrivate = await isPrivateFile(join(folder, 'tapes', name));
    // As if it were not there: its name is private too.
    if (isPrivate && !isOperator(c)) return c.notFound();
    c.header('Accept-Ranges', 'bytes');
    c.header('Cache-Control', CACHE_CONTROL[isPrivate ? 'private' : 'public-read']);
    c.header('Cross-Origin-Resource-Policy', isPrivate ? 'same-origin' : 'cross-origin'); // pages of the site show public ones
    await next();
  };
  app.get(`${PREFIX}/tapes/:name`, onlyReadable, serve);
}

/** Whether Oven gives this name to a finished file. No such name leads out of the folder or to another file in it. */
export function isOutput(name: string): boolean {
  return ENDINGS.some((ending) => name.endsWith(ending) && SLUG.test(name.slice(0, -ending.length)));
}
