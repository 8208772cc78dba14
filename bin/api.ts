import { CommandError, USAGE } from './error.ts';

/** Milliseconds that one request may take: a purge waits until bakes have stopped. */
const TIMEOUT_MS = 30_000;
const DEFAULT_URL = 'http://127.0.0.1:3000';

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of the API; each command reads the fields that it shows
  readonly body: any;
  /** Seconds, if the service says when to ask again. */
  readonly retryAfter?: number;
}

/** Nobody answers at OVEN_URL. */
export class UnreachableError extends CommandError {}

export interface AskOptions {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** Whether the request has the secret. */
  readonly secured?: boolean;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Statuses beside 2xx that are no errors. */
  readonly also?: readonly number[];
}

/** Sends a request to the service at OVEN_URL. Throws CommandError, with one line, for everything that can go wrong. */
export async function ask(path: string, options: AskOptions = {}, env = process.env): Promise<Answer> {
  const { method = 'GET', secured = false, also = [] } = options;
  const base = baseUrl(env);
  const headers = {
    // A header holds bytes: those of the secret's UTF-8.
    ...(secured && { authorization: `Bearer ${Buffer.from(currentSecret(env), 'utf8').toString('latin1')}` }),
    ...(options.body !== undefined && { 'content-type': 'application/json' }),
  };
  const content = options.body === undefined ? {} : { body: JSON.stringify(options.body) };
  const { status, text, retryAfter } = await send(base, path, { method, headers, ...content });
  const body = parse(text);
  if (also.includes(status) && status >= 500 && body === undefined) return { status, body, retryAfter };
  if ((status >= 200 && status < 300) || also.includes(status)) {
    if (body === undefined) throw new CommandError(`${base} does not answer as Oven does (status ${status})`);
    return { status, body, retryAfter };
  }
  const { code, message } = body?.error ?? {};
  if (typeof code !== 'string') throw new CommandError(`${base} answered ${status}`);
  throw new CommandError(`${message} [${code}]`);
}

async function send(base: string, path: string, init: RequestInit) {
  try {
    // A redirect would send the secret to another host.
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(`${base}${path}`, { ...init, redirect: 'manual', signal });
    const retryAfter = Number(answer.headers.get('retry-after')) || 0;
    return { status: answer.status, text: await answer.text(), retryAfter };
  } catch (cause) {
    const { name } = cause as Error;
    const code = ((cause as Error).cause as NodeJS.ErrnoException | undefined)?.code;
    const why =
      name === 'TimeoutError' ? `no answer within ${TIMEOUT_MS / 1000} s` : (code ?? 'no connection');
    throw new UnreachableError(`${base} can not be reached: ${why}`, undefined, { cause });
  }
}

function baseUrl({ OVEN_URL }: NodeJS.ProcessEnv): string {
  const text = OVEN_URL?.trim() || DEFAULT_URL;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url && /^https?:$/.test(url.protocol) && `${url.username}${url.password}${url.search}` === '';
  if (!isPlain) throw new CommandError('OVEN_URL must be a URL such as https://oven.example', USAGE);
  return url.href.replace(/\/+$/, '');
}

/** The current secret, the first of the list. */
export function currentSecret({ CALLBACK_SECRET }: NodeJS.ProcessEnv): string {
  const secret = CALLBACK_SECRET?.split(',')
    .map((part) => part.trim())
    .find((part) => part !== '');
  if (secret === undefined) {
    throw new CommandError('CALLBACK_SECRET is not set: this command needs a secret of the service', USAGE);
  }
  return secret;
}

function parse(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
