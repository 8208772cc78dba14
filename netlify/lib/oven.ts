import { setTimeout as delay } from 'node:timers/promises';
import type { FileName } from './tapes/names.ts';

/** What Oven is told of a tape; where to call back, and with which secret, is told with every one. */
export interface BakeRequest {
  readonly mongoId: string;
  readonly slug: string;
  readonly zipUrl: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly code: string;
  /** Has Oven name the files by the code, whatever it does otherwise. */
  readonly outputName?: 'code';
  /** The MP4 that the oven before this one made of the tape, and that may be replaced. */
  readonly replaces?: string;
}

/** What became of an order: taken, refused because of what it is, or not taken because of how Oven is. */
export type BakeResponse =
  | { readonly taken: true; readonly jobId: string }
  | { readonly taken: false; readonly passing: boolean; readonly code: string; readonly retryAfter: number };

/** Oven, as the functions see it. */
export interface Oven {
  bake(order: BakeRequest, signal: AbortSignal): Promise<BakeResponse>;
  /**
   * Removes all that Oven has of a tape under a name, and gives the keys of the files; what is another tape's stays.
   * Undefined when Oven could not.
   */
  purge(file: FileName, mongoId: string, signal: AbortSignal): Promise<readonly string[] | undefined>;
}

export interface OvenOptions {
  readonly url: URL;
  readonly secret: string;
  readonly callbackUrl: string;
  /** Of one request, in milliseconds. */
  readonly timeoutMs?: number;
  readonly attempts?: number;
  /** Before the second attempt, in milliseconds; doubled before each later one. */
  readonly pauseMs?: number;
}

/** Longer waits are left to the scheduled function, in seconds. */
const LONGEST_WAIT = 3;
const LONGEST_RETRY_AFTER = 6 * 3600;

/** Below 500, and yet nothing a tape can help: no time, or a secret, an origin or an address that is configured wrongly on either side. */
const NOT_THE_TAPES_FAULT = [401, 403, 404, 405, 408, 425, 429];

/** Talks to Oven over HTTP. What fails for a passing reason is tried again a few times, within `signal`. */
export function openOven({ timeoutMs = 6000, attempts = 3, pauseMs = 400, ...options }: OvenOptions): Oven {
  const { secret, callbackUrl } = options;
  const at = (path: string) => new URL(`${options.url.href.replace(/\/$/, '')}${path}`);
  return {
    bake: async (order, signal) => {
      const body = JSON.stringify({ ...order, callbackUrl, callbackSecret: secret });
      for (let attempt = 1; ; attempt += 1) {
        const answer = await post(
          at('/bake'),
          body,
          AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        );
        if (answer.taken || !answer.passing) return answer;
        const wait = Math.max(pauseMs * 2 ** (attempt - 1) * (0.5 + Math.random()), answer.retryAfter * 1000);
        if (attempt >= attempts || answer.retryAfter > LONGEST_WAIT || signal.aborted) return answer;
        await delay(wait, undefined, { signal }).catch(() => {});
        if (signal.aborted) return answer;
      }
    },

    purge: async ({ name, unowned }, mongoId, signal) => {
      const headers = { authorization: `Bearer ${secret}` };
      const how = { method: 'DELETE', headers, redirect: 'error', signal } as const;
      const url = at(`/tapes/${encodeURIComponent(name)}`);
      url.search = String(new URLSearchParams({ mongoId, unowned: String(unowned) }));
      const answer = await fetch(url, how).catch(() => null);
      const said = (await answer?.json().catch(() => null)) as { files?: unknown } | null;
      if (answer === null || !(answer.ok || answer.status === 404)) return undefined;
      return Array.isArray(said?.files) ? said.files.map(String) : [];
    },
  };
}

async function post(url: URL, body: string, signal: AbortSignal): Promise<BakeResponse> {
  const headers = { 'content-type': 'application/json' };
  let answer: Response;
  try {
    answer = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' });
  } catch {
    return { taken: false, passing: true, code: 'OVEN_UNREACHABLE', retryAfter: 0 };
  }
  const said = (await answer.json().catch(() => null)) as {
    jobId?: unknown;
    error?: { code?: unknown };
  } | null;
  if (answer.ok && typeof said?.jobId === 'string') return { taken: true, jobId: said.jobId };
  const passing = answer.ok || answer.status >= 500 || NOT_THE_TAPES_FAULT.includes(answer.status);
  const code = typeof said?.error?.code === 'string' ? said.error.code.slice(0, 64) : `HTTP_${answer.status}`;
  return { taken: false, passing, code, retryAfter: retryAfterSeconds(answer.headers.get('retry-after')) };
}

/** Retry-After in seconds, as a number or a date; 0 for none. */
export function retryAfterSeconds(retryAfter: string | null): number {
  if (retryAfter === null) return 0;
  const number = Number(retryAfter);
  const wait = Number.isFinite(number) ? number : (Date.parse(retryAfter) - Date.now()) / 1000;
  return Number.isFinite(wait) ? Math.min(Math.max(0, Math.ceil(wait)), LONGEST_RETRY_AFTER) : 0;
}
