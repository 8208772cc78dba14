import { z } from 'zod';

/*
 * Forms of variables. Each reads a text that is not empty and has no spaces around it. Its description completes the sentence
 * "NAME must be …", for problems and for docs. No message shows the value.
 */

/** Any text. */
export const text = z.string().describe('any text');

/** Whole numbers from `min` to `max`. */
export function whole(min: number, max: number) {
  const words = `a whole number from ${min} to ${max}`;
  const error = `must be ${words}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, { error })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error })
    .describe(words);
}

/** One of a few words or numbers. */
export function oneOf<const T extends string | number>(values: readonly T[]) {
  const words = `one of ${values.join(', ')}`;
  return z
    .string()
    .transform((value, context) => {
      const found = values.find((known) => String(known) === value);
      if (found !== undefined) return found;
      context.issues.push({ code: 'custom', message: `must be ${words}`, input: '' });
      return z.NEVER;
    })
    .describe(words);
}

/** The word `auto`, or what another form reads. */
export function autoOr<T>(form: z.ZodType<T, string>) {
  const words = `auto or ${form.description}`;
  return z.union([z.literal('auto'), form], { error: `must be ${words}` }).describe(words);
}

/** Text of a pattern, which `words` describe. */
export function matching(pattern: RegExp, words: string) {
  return z
    .string()
    .regex(pattern, { error: `must be ${words}` })
    .describe(words);
}

/** A URL of one of some protocols, without user, query and fragment. */
export function url(protocols: readonly string[]) {
  const names = protocols.map((protocol) => `${protocol}//…`).join(' or ');
  const words = `a URL (${names}) with nothing but a path after it`;
  return z
    .string()
    .refine((value) => isPlain(value, protocols), { error: `must be ${words}` })
    .transform((value) => new URL(value))
    .describe(words);
}

function isPlain(value: string, protocols: readonly string[]): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(value);
  if (protocol === 'file:' && hostname !== '') return false;
  return protocols.includes(protocol) && `${username}${password}${search}${hash}` === '';
}

/** The URL of a webhook, whose path and query are its secret. A user or a password does not fit into it. */
export const webhookUrl = z
  .string()
  .refine(isWebhook, { error: 'must be a URL (https://… or http://…) without user, password and fragment' })
  .transform((value) => new URL(value))
  .describe('a URL (https://… or http://…) without user, password and fragment');

function isWebhook(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password, hash } = new URL(value);
  return ['https:', 'http:'].includes(protocol) && `${username}${password}${hash}` === '';
}

const REDIS = 'redis://HOST:PORT, rediss://HOST:PORT or unix:///PATH';

/** The address of a Redis, which may have a user, a password and the number of a database. */
export const redisUrl = z
  .string()
  .refine(isRedis, { error: `must be ${REDIS}` })
  .describe(REDIS);

function isRedis(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, pathname, username, password } = new URL(value);
  try {
    decodeURIComponent(`${username} ${password} ${pathname}`);
  } catch {
    return false; // a lone percent sign, most likely of a password that should have been encoded
  }
  if (protocol === 'unix:') return hostname === '' && pathname.length > 1;
  return ['redis:', 'rediss:'].includes(protocol) && hostname !== '';
}

/** The parts of a comma-separated list that are not empty. */
export function list(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
