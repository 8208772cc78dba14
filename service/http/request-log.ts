import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Log } from '../log.ts';
import type { Env } from './deps.ts';

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
