/** What requests pass before they reach a route: the request log, the headers of the answer. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { secureHeaders } from 'hono/secure-headers';
import type { Requests } from '../health/requests.ts';
import type { Log } from '../lib/log.ts';
import { ApiError } from './errors.ts';

/** What every route knows of its request. */
export interface Env {
  readonly Variables: {
    readonly requestId: string;
    readonly isOperator?: boolean;
    readonly sessionEnd?: number;
  };
}

export type App = OpenAPIHono<Env>;

/** Headers of an answer that sets none itself: browsers do not show it as a page, frame it or guess its type. */
export function apiHeaders(): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    strictTransportSecurity: false, // the proxy that ends TLS sets it
    xFrameOptions: 'DENY',
    overwrite: false, // pages have their own
  });
}

/**
 * Logs a line for each request: the route that it matched, never its address, body or headers, which may hold anything, even a
 * secret. Successful GETs have the level debug, since monitors send many.
 */
export function requestLog(log: Log): MiddlewareHandler<Env> {
  return async (c, next) => {
    const started = performance.now();
    await next();
    const { status } = c.res;
    const route = routePath(c, -1);
    const ms = Math.round((performance.now() - started) * 10) / 10;
    const isQuiet = status < 400 && c.req.method === 'GET';
    const level = isQuiet ? 'debug' : 'info';
    log[level]({ requestId: c.get('requestId'), method: c.req.method, route, status, ms }, 'request');
  };
}

/** Notes how each request ends, for metrics and alerts. */
export function watchRequests(requests: Requests): MiddlewareHandler<Env> {
  return async (c, next) => {
    const end = requests.begin(c.req.path);
    await next();
    const { status } = c.res;
    const isFault = status >= 500 && !isDraining(c.error);
    end({ method: c.req.method, route: routePath(c, -1), status, isFault });
  };
}

/** Whether a request was refused because the operator drains the service. */
function isDraining(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'DRAINING';
}
