import { setTimeout as delay } from 'node:timers/promises';
import type { FileName } from './tapes/names.ts';

/** A request to bake a tape, without the callback's URL and secret, which are the same for every tape. */
export interface BakeRequest {
  readonly mongoId: string;
  readonly slug: string;
  readonly zipUrl: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly code: string;
  /** Oven names the files by the code, whatever OUTPUT_NAME says. */
  readonly outputName?: 'code';
  /** A preview: Oven's callback says so too. The same request without it publishes. */
  readonly publish?: false;
  /** An MP4 of this tape from the older oven. The new one may replace it. */
  readonly replaces?: string;
}

/** Oven's response: the tape is accepted, refused for its own fault, or not accepted now (retryable). */
export type BakeResponse =
  | { readonly accepted: true; readonly jobId: string }
  | {
      readonly accepted: false;
      readonly retryable: boolean;
      readonly code: string;
      readonly retryAfter: number;
    };

/** The functions' interface to Oven. */
export interface Oven {
  bake(order: BakeRequest, signal: AbortSignal): Promise<BakeResponse>;
  /**
   * Removes everything that Oven has of a tape under a name, and returns the keys of the files. Files of other tapes stay. Undefined when
   * Oven could not do it.
   */
  purge(file: FileName, mongoId: string, signal: AbortSignal): Promise<readonly string[] | undefined>;
}

export interface OvenOptions {
  readonly url: URL;
  readonly secret: string;
  readonly callbackUrl: string;
  /** Milliseconds for one request. */
  readonly timeoutMs?: number;
  readonly attempts?: number;
  /** Milliseconds before the second attempt. Each further pause is twice as long. */
  readonly pauseMs?: number;
}

/** Seconds. The scheduled function waits longer than this. */
const LONGEST_WAIT = 3;
const LONGEST_RETRY_AFTER = 6 * 3600;

/** Statuses below 500 that are not the tape's fault: a timeout, or a wrong secret, origin or address in the configuration of one side. */
const NOT_THE_TAPES_FAULT = [401, 403, 404, 405, 408, 425, 429];

/** A client of Oven over HTTP. It repeats retryable requests a few times, until `signal` aborts. */
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
        if (answer.accepted || !answer.retryable) return answer;
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
    return { accepted: false, retryable: true, code: 'OVEN_UNREACHABLE', retryAfter: 0 };
  }
  const said = (await answer.json().catch(() => null)) as {
    jobId?: unknown;
    error?: { code?: unknown };
  } | null;
  if (answer.ok && typeof said?.jobId === 'string') return { accepted: true, jobId: said.jobId };
  const retryable = answer.ok || answer.status >= 500 || NOT_THE_TAPES_FAULT.includes(answer.status);
  const code = typeof said?.error?.code === 'string' ? said.error.code.slice(0, 64) : `HTTP_${answer.status}`;
  return {
    accepted: false,
    retryable,
    code,
    retryAfter: retryAfterSeconds(answer.headers.get('retry-after')),
  };
}

/** Seconds of a Retry-After header, which is a number or a date; 0 for none. */
export function retryAfterSeconds(retryAfter: string | null): number {
  if (retryAfter === null) return 0;
  const number = Number(retryAfter);
  const wait = Number.isFinite(number) ? number : (Date.parse(retryAfter) - Date.now()) / 1000;
  return Number.isFinite(wait) ? Math.min(Math.max(0, Math.ceil(wait)), LONGEST_RETRY_AFTER) : 0;
}
