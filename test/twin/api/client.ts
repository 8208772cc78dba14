import type { Api } from './api.ts';

/** What was answered, its body parsed. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at fields of answers, and say what they expect there
  readonly body: any;
}

/** Asks an API over HTTP as a provider does. `token` replaces the right one; `null` sends none. */
export type Ask = (method: string, path: string, body?: unknown, token?: string | null) => Promise<Answer>;

/** How to ask either API: paths begin with /v2 or with what comes after /client/v4. */
export function clientsOf(api: Api): { readonly digitalocean: Ask; readonly cloudflare: Ask } {
  const asking =
    (base: string, right: string): Ask =>
    async (method, path, body, token = right) => {
      const answer = await fetch(`${base}${path}`, {
        method,
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      return {
        status: answer.status,
        headers: answer.headers,
        body: text === '' ? undefined : JSON.parse(text),
      };
    };
  return {
    digitalocean: asking(api.digitalocean, api.tokens.digitalocean),
    cloudflare: asking(api.cloudflare, api.tokens.cloudflare),
  };
}
