import type { MiddlewareHandler } from 'hono';
import type { Secrets } from '../callback/secrets.ts';
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
