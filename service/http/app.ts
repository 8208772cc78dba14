import { OpenAPIHono } from '@hono/zod-openapi';
import type { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { requestId } from 'hono/request-id';
import type { Log } from '../log.ts';
import { bakeRoutes } from './bake.ts';
import type { App, Deps, Env } from './deps.ts';
import { docsRoutes } from './docs.ts';
import { drainRoutes } from './drain.ts';
import { ApiError, type FieldFault } from './errors.ts';
import { onError, onNotFound, sendError } from './failures.ts';
import { fileRoutes } from './files.ts';
import { apiHeaders } from './headers.ts';
import { jobRoutes, statusRoute } from './jobs.ts';
import { requestLog } from './request-log.ts';
import { tapeRoutes } from './tapes.ts';

const MAX_BODY_BYTES = 64 * 1024;
const MAX_REQUEST_ID = 64;

/** An app without routes: what every request passes, from the outside in, and how everything that goes wrong is answered. */
export function emptyApp(log: Log): App {
  const app: App = new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success) throw new ApiError('INVALID_REQUEST', { fields: faultsOf(result.error.issues) });
    },
  });
  app.onError(onError(log));
  app.notFound(onNotFound);
  app.use(requestId({ limitLength: MAX_REQUEST_ID }));
  app.use(requestLog(log));
  app.use(apiHeaders());
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        c.header('Allow', methods.join(', '));
        return sendError(c, new ApiError('METHOD_NOT_ALLOWED'));
      },
    }),
  );
  const tooLarge = () => {
    throw new ApiError('BODY_TOO_LARGE');
  };
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES, onError: tooLarge }));
  return app;
}

/** Adds the whole API to an app; `pages` are for people. */
export function addRoutes(app: App, deps: Deps, pages?: Hono): void {
  bakeRoutes(app, deps);
  statusRoute(app, deps);
  jobRoutes(app, deps);
  tapeRoutes(app, deps);
  drainRoutes(app, deps);
  docsRoutes(app, deps);
  if (deps.blobs.folder !== undefined) fileRoutes(app, deps.blobs.folder);
  if (pages) app.route('/', pages);
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code?: string | undefined;
  readonly keys?: readonly string[];
}

/** One fault for each field, named as in JavaScript: `outputs[0].kind`. */
function faultsOf(issues: readonly Issue[]): FieldFault[] {
  const faults = new Map<string, string>();
  for (const { path, message, code, keys = [] } of issues) {
    const at = path.reduce<string>((name, part) => {
      if (typeof part === 'number') return `${name}[${part}]`;
      return name === '' ? String(part) : `${name}.${String(part)}`;
    }, '');
    if (code === 'unrecognized_keys') {
      for (const key of keys) faults.set(`${at}.${key.slice(0, 64)}`, 'is not known');
    } else if (!faults.has(at)) faults.set(at, message);
  }
  return [...faults].map(([field, message]) => ({ field: field || 'body', message }));
}
