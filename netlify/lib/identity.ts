import { tryLater } from './http.ts';

/** The sender of a request: a user, a guest without a token, or a sender with an invalid token. */
export type Identity =
  | { readonly kind: 'user'; readonly sub: string }
  | { readonly kind: 'guest' }
  | { readonly kind: 'invalid' };

/** Finds the sender by the Authorization header. Throws 503 when the login service does not answer. */
export type Identify = (authorization: string | null, signal: AbortSignal) => Promise<Identity>;

/** Asks the userinfo endpoint of an Auth0 tenant, which knows expired and revoked tokens. */
export function auth0(tenant: URL | undefined): Identify {
  return async (authorization, signal) => {
    if (authorization === null || authorization.trim() === '') return { kind: 'guest' };
    if (!/^bearer \S+$/i.test(authorization.trim())) return { kind: 'invalid' };
    if (tenant === undefined) throw unknown(new Error('AUTH0_DOMAIN is not set'));
    const headers = { authorization: authorization.trim() };
    const answer = await fetch(new URL('/userinfo', tenant), { headers, signal, redirect: 'error' }).catch(
      (cause: unknown) => {
        throw unknown(cause);
      },
    );
    if (answer.status === 401 || answer.status === 403) {
      await answer.body?.cancel();
      return { kind: 'invalid' };
    }
    const profile = (await answer.json().catch(() => null)) as { sub?: unknown } | null;
    if (!answer.ok || typeof profile?.sub !== 'string' || profile.sub === '') throw unknown(answer.status);
    return { kind: 'user', sub: profile.sub };
  };
}

function unknown(cause: unknown): Error {
  return tryLater('IDENTITY_UNAVAILABLE', 'Logins can’t be checked just now.', 10, cause);
}
