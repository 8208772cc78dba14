import { z } from 'zod';

/** How a variable is read: each of these says what is wrong without showing what stands there. */

/** What a variable is called wrong for when it is not there; an empty one counts as missing. */
export const MISSING = 'is missing';

const given = (value: unknown): unknown =>
  typeof value === 'string' && value.trim() === '' ? undefined : value;

/** Any text, without the spaces around it. */
export const text = z.preprocess(given, z.string({ error: MISSING }).trim());

/** A whole number within bounds. */
export function whole(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .trim()
    .regex(/^\d{1,15}$/, { error })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error });
}

/** One of a few words or numbers. */
export function oneOf<T extends string | number>(values: readonly T[]) {
  return z
    .string()
    .trim()
    .transform((value, context) => {
      const found = values.find((known) => String(known) === value);
      if (found !== undefined) return found;
      context.issues.push({ code: 'custom', message: `must be one of ${values.join(', ')}`, input: '' });
      return z.NEVER;
    });
}

/** A variable that may be left out, or empty. */
export function withDefault<T extends z.ZodType>(schema: T, value: z.output<T>) {
  return z.preprocess(given, schema.optional()).transform((found) => found ?? value);
}

/** A variable that may be left out, without a value in its place. */
export function optional<T extends z.ZodType>(schema: T) {
  return z.preprocess(given, schema.optional());
}

/** A URL of one of some protocols, without user, query and fragment. */
export function url(protocols: readonly string[]) {
  const names = protocols.map((protocol) => `${protocol}//…`).join(' or ');
  return z
    .string()
    .trim()
    .refine((value) => isPlain(value, protocols), {
      error: `must be a URL (${names}), with nothing but a path after it`,
    })
    .transform((value) => new URL(value));
}

function isPlain(value: string, protocols: readonly string[]): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(value);
  if (protocol === 'file:' && hostname !== '') return false;
  return protocols.includes(protocol) && `${username}${password}${search}${hash}` === '';
}

/** The parts of a comma-separated list that are not empty. */
export function list(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** A value that something else can make use of: what it throws says what is wrong. */
export function usable<T>(value: T, use: (value: T) => unknown): string | undefined {
  try {
    use(value);
    return undefined;
  } catch (error) {
    return error instanceof TypeError ? error.message : 'can not be used';
  }
}
