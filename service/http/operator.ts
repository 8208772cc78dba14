/**
 * Who operates Oven: the sender of a request with an accepted secret (`Authorization: Bearer SECRET`), or with the cookie that the
 * login sets for one. The cookie says until when it is good, and is signed with a key that comes from CALLBACK_SECRET: no state
 * is kept, every host accepts it, and a secret that leaves the list ends its sessions.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { Secrets } from '../callback/secrets.ts';
import { openTries } from '../lib/tries.ts';
import { ApiError } from './errors.ts';
import { visitorOf } from './visitor.ts';

/** Whether the sender of a request operates Oven. False as well where `identify` has not run. */
export function isOperator(c: Context): boolean {
  return c.get('isOperator') === true;
}

/** When the session ends by which the sender operates Oven, in milliseconds since 1970; undefined for a sender with the secret itself. */
export function sessionEnd(c: Context): number | undefined {
  return c.get('sessionEnd');
}

/** Lets the operator's requests pass. */
export const operatorOnly: MiddlewareHandler = async (c, next) => {
  if (!isOperator(c)) throw new ApiError('UNAUTHORIZED');
  await next();
};

export interface OperatorOptions {
  readonly secrets: Pick<Secrets, 'accepts'>;
  /** CALLBACK_SECRET: the first signs, all are accepted. */
  readonly callbackSecrets: readonly string[];
  /** With https, browsers send the cookie over https only. */
  readonly publicUrl: URL;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface Operator {
  /** Finds out for each request whether its sender operates Oven. */
  readonly identify: MiddlewareHandler;
  /** Sets the cookie if the secret is accepted. Throws UNAUTHORIZED, and TOO_MANY_TRIES when one visitor guesses. */
  login(c: Context, secret: string): void;
  /** Takes the cookie back. */
  logout(c: Context): void;
}

const SESSION_SECONDS = 12 * 3600;
const TRIES = { max: 10, windowMs: 15 * 60_000 };

export function openOperator(options: OperatorOptions): Operator {
  const { secrets, callbackSecrets, publicUrl, now = Date.now } = options;
  const isSecure = publicUrl.protocol === 'https:';
  // With the prefix, browsers take the cookie from this host alone, and not from others of its domain.
  const name = isSecure ? '__Host-oven' : 'oven';
  const keys = callbackSecrets.map(sessionKey);
  const tries = openTries(TRIES);

  const endOfSession = (c: Context): number | undefined => {
    const session = getCookie(c, name);
    const end = session === undefined ? undefined : readSession(session, keys, now());
    return isOwnPage(c, publicUrl) ? end : undefined;
  };
  const write = (c: Context, value: string, maxAge: number) =>
    setCookie(c, name, value, {
      path: '/',
      httpOnly: true,
      secure: isSecure,
      sameSite: 'Strict',
      maxAge,
    });
  return {
    identify: async (c, next) => {
      const secret = readBearer(c.req.header('authorization'));
      const knows = secret !== undefined && secrets.accepts(secret) !== undefined;
      const end = knows ? undefined : endOfSession(c);
      c.set('isOperator', knows || end !== undefined);
      c.set('sessionEnd', end);
      await next();
    },
    login: (c, secret) => {
      if (!isOwnPage(c, publicUrl)) throw new ApiError('UNAUTHORIZED');
      const visitor = visitorOf(c);
      const retryAfter = tries.take(visitor);
      if (retryAfter !== undefined) throw new ApiError('TOO_MANY_TRIES', { retryAfter });
      if (secrets.accepts(secret) === undefined) throw new ApiError('UNAUTHORIZED');
      tries.forget(visitor);
      const session = makeSession(keys[0]!, Math.floor(now() / 1000) + SESSION_SECONDS);
      write(c, session, SESSION_SECONDS);
    },
    logout: (c) => {
      if (!isOwnPage(c, publicUrl)) throw new ApiError('UNAUTHORIZED');
      write(c, '', 0);
    },
  };
}

/** The secret in a header, whatever characters it has: headers are bytes (hono's own reader takes base64 only). */
function readBearer(header: string | undefined): string | undefined {
  const found = /^bearer +(\S.*)$/i.exec(header ?? '')?.[1];
  return found === undefined ? undefined : Buffer.from(found, 'latin1').toString('utf8');
}

/** Another key than that of the callbacks: a signature of one is worth nothing for the other. */
function sessionKey(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'oven operator session', 32));
}

/** `expires` in seconds since 1970. */
function makeSession(key: Buffer, expires: number): string {
  return `${expires}.${createHmac('sha256', key).update(`${expires}`).digest('base64url')}`;
}

/** When a good session ends, in milliseconds since 1970; undefined for any other text. */
function readSession(session: string, keys: readonly Buffer[], now: number): number | undefined {
  const expires = Number(/^(\d{1,12})\./.exec(session)?.[1]);
  if (!(expires * 1000 > now)) return undefined;
  const given = Buffer.from(session);
  // Not `some`, which stops at the first match: every key is tried.
  const equal = keys.map((key) => {
    const good = Buffer.from(makeSession(key, expires));
    return good.length === given.length && timingSafeEqual(good, given);
  });
  return equal.includes(true) ? expires * 1000 : undefined;
}

/**
 * Whether a page of Oven's sent a request that changes something. Browsers say so in Sec-Fetch-Site; the older ones, and all over
 * plain http, name the page's origin. They send the cookie with no request of another site; so this is a second guard.
 */
function isOwnPage(c: Context, publicUrl: URL): boolean {
  if (['GET', 'HEAD'].includes(c.req.method)) return true;
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const origin = URL.parse(c.req.header('origin') ?? '');
  if (origin === null) return false;
  if (origin.origin === publicUrl.origin) return true;
  return publicUrl.protocol !== 'https:' && origin.host === c.req.header('host');
}
