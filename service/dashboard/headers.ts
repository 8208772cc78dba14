import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';

/**
 * The headers of a page that runs no script, style or frame but its own, and loads pictures and videos from `media`
 * (origins, or schemes as `https:`) beside itself.
 */
export function pageHeaders(media: readonly string[]): MiddlewareHandler {
  const loaded = ["'self'", ...media];
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      ...{
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        connectSrc: ["'self'"],
        imgSrc: loaded,
        mediaSrc: loaded,
      },
      ...{ baseUri: ["'none'"], formAction: ["'self'"], frameAncestors: ["'none'"] },
    },
    strictTransportSecurity: false, // for whoever ends TLS to say
    xFrameOptions: 'DENY',
    referrerPolicy: 'no-referrer',
  });
}
