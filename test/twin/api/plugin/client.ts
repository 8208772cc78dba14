import { setTimeout as delay } from 'node:timers/promises';

/** Asks Cloudflare's API. Gives `result`; undefined for what does not exist. Throws with what the API said, never with the token. */
export type Cloudflare = (method: string, path: string, body?: unknown) => Promise<Result | undefined>;

export type Result = Readonly<Record<string, unknown>>;

/** As often as the real client tries again when it was sent away for now. */
const RETRIES = 2;
/** Milliseconds before that, where the API names no time. */
const PAUSE = 500;

/** Config keys of the provider that this stand-in knows, as the engine hands them over, or from the environment. */
export function connectionOf(environment: NodeJS.ProcessEnv): { baseUrl: string; apiToken: string } {
  const config = JSON.parse(environment.PULUMI_CONFIG ?? '{}') as Record<string, string | undefined>;
  const baseUrl = config.baseUrl ?? environment.CLOUDFLARE_BASE_URL;
  const apiToken = config.apiToken ?? environment.CLOUDFLARE_API_TOKEN;
  if (!baseUrl)
    throw new Error('cloudflare:baseUrl is not set, and a stand-in must not ask the real Cloudflare');
  if (!apiToken) throw new Error('cloudflare:apiToken is not set');
  return { baseUrl: baseUrl.replace(/\/$/, ''), apiToken };
}

/** A client of the API at `baseUrl`. */
export function openClient({ baseUrl, apiToken }: { baseUrl: string; apiToken: string }): Cloudflare {
  const headers = { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json' };
  return async (method, path, body) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    for (let tries = 0; ; tries++) {
      const answer = await fetch(`${baseUrl}${path}`, { method, headers, ...sent });
      const text = await answer.text();
      if (answer.ok) return (JSON.parse(text) as { result: Result }).result;
      if (answer.status === 404) return undefined;
      const passing = answer.status === 429 || answer.status >= 500;
      if (!passing || tries >= RETRIES) throw new Error(`${method} ${path}: ${answer.status} ${said(text)}`);
      await delay(Number(answer.headers.get('retry-after') ?? PAUSE / 1000) * 1000);
    }
  };
}

function said(text: string): string {
  try {
    const { errors } = JSON.parse(text) as { errors: readonly { code: number; message: string }[] };
    return errors.map(({ code, message }) => `${message} (${code})`).join('; ');
  } catch {
    return text.slice(0, 200);
  }
}
