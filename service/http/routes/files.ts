import { serveStatic } from '@hono/node-server/serve-static';
import type { MiddlewareHandler } from 'hono';
import { fileTypes, OUTPUT_KINDS } from '../../bake/outputs.ts';
import { SLUG } from '../../lib/ids.ts';
import { CACHE_CONTROL } from '../../storage/keys.ts';
import type { App } from '../middleware.ts';

const ENDINGS = OUTPUT_KINDS.flatMap(fileTypes).map(({ ending }) => ending);
const PREFIX = '/files';

/** `GET /files/tapes/:name`: the finished files of folder storage, and no other file in that folder. Players may ask for ranges. */
export function fileRoutes(app: App, folder: string): void {
  const serve = serveStatic({ root: folder, rewriteRequestPath: (path) => path.slice(PREFIX.length) });
  app.get(`${PREFIX}/tapes/:name`, onlyOutputs, serve);
}

const onlyOutputs: MiddlewareHandler = async (c, next) => {
  if (!isOutput(c.req.param('name') ?? '')) return c.notFound();
  c.header('Accept-Ranges', 'bytes');
  c.header('Cache-Control', CACHE_CONTROL);
  c.header('Cross-Origin-Resource-Policy', 'cross-origin'); // pages of the site show them
  await next();
};

/** Whether Oven gives this name to a finished file. No such name leads out of the folder or to another file in it. */
export function isOutput(name: string): boolean {
  return ENDINGS.some((ending) => name.endsWith(ending) && SLUG.test(name.slice(0, -ending.length)));
}
