/** The HTTP API: what every request passes, and all routes. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { requestId } from 'hono/request-id';
import type { Drain } from '../drain.ts';
import type { Requests } from '../health/requests.ts';
import type { Log } from '../lib/log.ts';
import { ApiError, invalidRequest, onError, onNotFound, sendError } from './errors.ts';
import { type App, apiHeaders, type Env, requestLog, watchRequests } from './middleware.ts';
import type { Operator } from './operator.ts';
import { type AdminRouteOptions, adminRoutes } from './routes/admin.ts';
import { type BakeRouteOptions, bakeRoutes } from './routes/bake.ts';
import { type DocsRouteOptions, docsRoutes } from './routes/docs.ts';
import { type DrainRouteOptions, drainRoutes } from './routes/drain.ts';
import { fileRoutes } from './routes/files.ts';
import { type JobRouteOptions, jobRoutes } from './routes/jobs.ts';
import { type TapeRouteOptions, tapeRoutes } from './routes/tapes.ts';

const MAX_BODY_BYTES = 64 * 1024;
const MAX_REQUEST_ID_LENGTH = 64;

/** An app without routes: the middleware, outermost first, and the answers to errors. */
export function emptyApp(log: Log, requests?: Requests): App {
  const app: App = new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success) throw invalidRequest(result.error.issues);
    },
  });
  app.onError(onError(log));
  app.notFound(onNotFound);
  app.use(requestId({ limitLength: MAX_REQUEST_ID_LENGTH }));
  if (requests) app.use(watchRequests(requests));
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

export interface RouteOptions
  extends BakeRouteOptions,
    JobRouteOptions,
    AdminRouteOptions,
    TapeRouteOptions,
    DrainRouteOptions,
    DocsRouteOptions {
  readonly drain: Drain;
  /** The folder of finished files, if no bucket serves them. */
  readonly filesFolder: string | undefined;
  readonly operator: Pick<Operator, 'identify'>;
  /** The dashboard. */
  readonly pages?: Hono;
}

/** Adds all routes but those of /health, which a candidate has too. */
export function addRoutes(app: App, options: RouteOptions): void {
  const { filesFolder, operator, pages } = options;
  app.use(operator.identify);
  bakeRoutes(app, options);
  jobRoutes(app, options);
  adminRoutes(app, options);
  tapeRoutes(app, options);
  drainRoutes(app, options);
  docsRoutes(app, options);
  if (filesFolder !== undefined) fileRoutes(app, filesFolder);
  if (pages) app.route('/', pages);
}
