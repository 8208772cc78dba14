import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';

/** For every answer that says nothing else: it is data, not to be shown as a page, framed or guessed at. */
export function apiHeaders(): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    strictTransportSecurity: false, // for whoever ends TLS to say
    xFrameOptions: 'DENY',
    overwrite: false, // pages have their own
  });
}
