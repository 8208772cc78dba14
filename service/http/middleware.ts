import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { secureHeaders } from 'hono/secure-headers';
import type { Secrets } from '../callback/secrets.ts';
import type { Log } from '../lib/log.ts';
import type { Env } from './context.ts';
import { ApiError } from './errors.ts';

/** Lets pass who knows a secret: `Authorization: Bearer SECRET`. How long it takes tells nothing about any secret. */
export function bearer(secrets: Pick<Secrets, 'accepts'>): MiddlewareHandler {
  return async (c, next) => {
    const given = readBearer(c.req.header('authorization'));
    if (given === undefined || secrets.accepts(given) === undefined) throw new ApiError('UNAUTHORIZED');
    await next();
  };
}

/** The secret of a header: whatever characters it has, since headers are bytes (hono's own takes base64 only). */
function readBearer(header: string | undefined): string | undefined {
  const found = /^bearer +(\S.*)$/i.exec(header ?? '')?.[1];
  return found === undefined ? undefined : Buffer.from(found, 'latin1').toString('utf8');
}

/** For every answer that says nothing else: it is data, not to be shown as a page, framed or guessed at. */
export function apiHeaders(): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    strictTransportSecurity: false, // for whoever ends TLS to say
    xFrameOptions: 'DENY',
    overwrite: false, // pages have their own
  });
}

/**
 * A line for each request: what it matched, never its address, body or headers, in which a stranger may put anything and
 * an operator a secret by mistake. Probes are told of at level debug.
 */
export function requestLog(log: Log): MiddlewareHandler<Env> {
  return async (c, next) => {
    const started = performance.now();
    await next();
    const { status } = c.res;
    const route = routePath(c, -1);
    const ms = Math.round((performance.now() - started) * 10) / 10;
    const quiet = status < 400 && c.req.method === 'GET';
    log[quiet ? 'debug' : 'info'](
      { requestId: c.get('requestId'), method: c.req.method, route, status, ms },
      'request',
    );
  };
}
