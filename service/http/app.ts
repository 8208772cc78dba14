import { OpenAPIHono } from '@hono/zod-openapi';
import type { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { requestId } from 'hono/request-id';
import type { Log } from '../lib/log.ts';
import type { App, Deps, Env } from './context.ts';
import { ApiError, type FieldFault, onError, onNotFound, sendError } from './errors.ts';
import { apiHeaders, requestLog } from './middleware.ts';
import { bakeRoutes } from './routes/bake.ts';
import { docsRoutes } from './routes/docs.ts';
import { drainRoutes } from './routes/drain.ts';
import { fileRoutes } from './routes/files.ts';
import { jobRoutes, statusRoute } from './routes/jobs.ts';
import { tapeRoutes } from './routes/tapes.ts';

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
  if (deps.storage.folder !== undefined) fileRoutes(app, deps.storage.folder);
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
