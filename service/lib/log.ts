import { type DestinationStream, type LogFn, type Logger, pino } from 'pino';
import { openEqualLines } from './equal-lines.ts';
import { openLogStream } from './log-stream.ts';

export type Log = Logger;

export interface LogOptions {
  readonly level: string;
  /** Values that no line may hold. */
  readonly secrets: readonly string[];
  /** Standard output by default. */
  readonly stream?: DestinationStream;
}

const REDACTED = '[redacted]';
/** A shorter secret is not redacted: it would be found in ordinary words. */
const MIN_SECRET = 6;
const MAX_CAUSES = 4;
/** Characters of one text of an error. */
const MAX_TEXT = 8000;

/**
 * A log of JSON lines. The code logs single fields, never a request or a body. As a second line of defence, fields with the names
 * of secrets are left out, and secrets and the queries of URLs are removed from each finished line.
 */
export function openLog({ level, secrets, stream }: LogOptions): Log {
  const scrub = scrubber(secrets);
  const options = {
    level,
    base: { service: 'oven' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: (error: unknown) => describeLogged(error, (text) => shorten(scrub(text))) },
    redact: { paths: SECRET_PATHS, censor: REDACTED },
    hooks: { streamWrite: scrub, logMethod: leaveOutEqual() },
  };
  return pino(options, stream ?? openLogStream(1));
}

/**
 * Leaves out lines about an error that is in the log often enough; a later line has their number in `leftOut`. A line about a
 * job always stays: it is the only one of its kind. A line whose fields can't be read has none.
 */
function leaveOutEqual() {
  const lines = openEqualLines();
  return function (this: Logger, args: Parameters<LogFn>, method: LogFn) {
    const [fields, message] = args as unknown as [{ err?: unknown; jobId?: unknown }, string];
    try {
      if (!(fields?.err instanceof Error) || fields.jobId !== undefined) return method.apply(this, args);
      const leftOut = lines.admit(fields.err, message);
      if (leftOut === undefined) return;
      if (leftOut === 0) return method.apply(this, args);
      return method.apply(this, [{ ...fields, leftOut }, message] as unknown as Parameters<LogFn>);
    } catch {
      return method.apply(this, [{ unreadable: true }, message] as unknown as Parameters<LogFn>);
    }
  };
}

const SECRET_NAMES = [
  'callbackSecret',
  'secret',
  'secrets',
  'authorization',
  'Authorization',
  'password',
  'key',
  'callbackUrl',
  'progressUrl',
  'zipUrl',
  'metadata',
  'body',
  'headers',
];
const SECRET_PATHS = SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** An error whose texts may hold names that the log must not have. */
export class Unnamed {
  readonly error: unknown;
  readonly names: readonly string[];

  constructor(error: unknown, names: readonly string[]) {
    this.error = error;
    this.names = names;
  }
}

/** Shorter names are removed as whole words only: they are in other words too. */
const MIN_NAME = 5;

function describeLogged(logged: unknown, clean: (text: string) => string): object | string {
  if (!(logged instanceof Unnamed)) return describeError(logged, clean);
  const forms = logged.names
    .flatMap((name) => [name, encodeURIComponent(name), decoded(name)])
    .filter(Boolean);
  if (forms.length === 0) return describeError(logged.error, clean);
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length);
  const names = new RegExp(longestFirst.map(patternOf).join('|'), 'g');
  return describeError(logged.error, (text) => clean(text.replace(names, REDACTED)));
}

function patternOf(name: string): string {
  const exactly = name.replace(/\W/g, '\\$&');
  return name.length < MIN_NAME ? `(?<![A-Za-z0-9])${exactly}(?![A-Za-z0-9])` : exactly;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone percent sign
  }
}

/**
 * An error in the log: without its own fields, which hold whole requests in some libraries. `clean` makes each text fit for the
 * log. A field whose getter throws is left out.
 */
function describeError(error: unknown, clean: (text: string) => string, depth = 0): object | string {
  if (!(error instanceof Error)) return typeof error === 'object' ? 'not an error' : clean(String(error));
  const read = (name: 'name' | 'message' | 'stack' | 'code' | 'cause'): unknown => {
    try {
      const value = (error as { readonly code?: unknown } & Error)[name];
      return typeof value === 'string' ? clean(value) : value;
    } catch {
      return undefined;
    }
  };
  const text = (name: 'name' | 'message' | 'stack') => {
    const value = read(name);
    return typeof value === 'string' ? value : 'unreadable';
  };
  const [code, cause] = [read('code'), read('cause')];
  return {
    type: text('name'),
    message: text('message'),
    stack: text('stack'),
    ...(['string', 'number'].includes(typeof code) && { code }),
    ...(cause !== undefined && depth < MAX_CAUSES && { cause: describeError(cause, clean, depth + 1) }),
  };
}

/** A text without its middle if it is longer than anyone reads: an error may hold a whole answer. */
function shorten(text: string): string {
  if (text.length <= MAX_TEXT) return text;
  const half = MAX_TEXT / 2;
  return `${text.slice(0, half)} … ${text.length - MAX_TEXT} characters … ${text.slice(-half)}`;
}

/** Removes secrets, and the query and the user of every URL, from a line. */
export function scrubber(secrets: readonly string[]): (line: string) => string {
  const forms = secrets
    .filter((secret) => secret.length >= MIN_SECRET)
    // As JSON writes it, and as a URL does.
    .flatMap((secret) => [JSON.stringify(secret).slice(1, -1), secret, encodeURIComponent(secret)])
    .sort((a, b) => b.length - a.length);
  return (line) => {
    let clean = line;
    for (const form of forms) clean = clean.replaceAll(form, REDACTED);
    // Each expression reads the line once: one that begins anew at every letter takes seconds for a long line.
    return clean
      .replace(/:\/\/[^\s"'/@\\]+@/g, `://${REDACTED}@`)
      .replace(/:\/\/[^\s"'\\]*/g, (url) => url.replace(/\?.*/s, `?${REDACTED}`));
  };
}
