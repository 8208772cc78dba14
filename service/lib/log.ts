import { type DestinationStream, destination, type Logger, pino } from 'pino';

export type Log = Logger;

export interface LogOptions {
  readonly level: string;
  /** Values that no line may hold, whatever went wrong. */
  readonly secrets: readonly string[];
  /** Standard output where not given. */
  readonly stream?: DestinationStream;
}

const REDACTED = '[redacted]';
/** What is shorter would be found in words that are no secret. */
const MIN_SECRET = 6;
const MAX_CAUSES = 4;

/**
 * A log of JSON lines. Code logs fields that it picks one by one, never a request or a body; should one get here all the
 * same, fields with the names of secrets are left out; and should a secret get into a message, or the signature of a URL,
 * it is taken out of the finished line.
 */
export function openLog({ level, secrets, stream }: LogOptions): Log {
  const scrub = scrubber(secrets);
  const options = {
    level,
    base: { service: 'oven' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
    redact: { paths: SECRET_PATHS, censor: REDACTED },
    hooks: { streamWrite: scrub },
  };
  return pino(options, stream ?? destination({ fd: 1, sync: true }));
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

/** What is told of an error: not its own fields, which hold whole requests in some libraries. */
export function describeError(error: unknown, depth = 0): object | string {
  if (!(error instanceof Error)) return typeof error === 'object' ? 'not an error' : String(error);
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return {
    ...{ type: name, message, stack },
    ...(['string', 'number'].includes(typeof code) && { code }),
    ...(cause !== undefined && depth < MAX_CAUSES && { cause: describeError(cause, depth + 1) }),
  };
}

/** Takes secrets, and the query and user of every URL, out of a line. */
export function scrubber(secrets: readonly string[]): (line: string) => string {
  const forms = secrets
    .filter((secret) => secret.length >= MIN_SECRET)
    // As JSON writes it, and as URLs do.
    .flatMap((secret) => [JSON.stringify(secret).slice(1, -1), secret, encodeURIComponent(secret)])
    .sort((a, b) => b.length - a.length);
  return (line) => {
    let clean = line;
    for (const form of forms) clean = clean.replaceAll(form, REDACTED);
    return clean
      .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s"'/@\\]+@/gi, `$1${REDACTED}@`)
      .replace(/\b([a-z][a-z0-9+.-]*:\/\/[^\s"'?\\]*)\?[^\s"'\\]*/gi, `$1?${REDACTED}`);
  };
}
