import { z } from 'zod';
import { HttpError } from './http.ts';

/** The configuration of the functions, from their environment. */
export interface Config {
  readonly mongo: { readonly uri: string; readonly name: string };
  /** Undefined: tapes wait. */
  readonly oven: URL | undefined;
  /** Oven gets the first; a callback may have any. Empty: every callback is refused. */
  readonly callbackSecrets: readonly string[];
  readonly callbackUrl: string;
  /** Where ZIPs are, by the name of their bucket. */
  readonly zips: { readonly guest: Bucket; readonly user: Bucket };
  /** URLs below which Oven's files are. */
  readonly blobs: readonly URL[];
  readonly pds: URL;
  readonly guest: { readonly identifier: string; readonly password: string } | undefined;
  readonly auth0: URL | undefined;
  /** Where requests for media that is no tape go. Undefined: they are refused. */
  readonly otherMedia: URL | undefined;
  /** How long a function works before it keeps what it has and ends. */
  readonly seconds: number;
}

export interface Bucket {
  readonly name: string;
  readonly url: URL;
  /** Undefined: only what everybody may read is seen. */
  readonly keys: { readonly key: string; readonly secret: string } | undefined;
  /** What the variables of the keys begin with. */
  readonly variables: 'ART_SPACES' | 'USER_SPACES';
}

/** DigitalOcean's region of the site's buckets. */
const SPACES_REGION = 'sfo3';
const GUEST_BUCKET = 'art-aesthetic-computer';
const USER_BUCKET = 'user-aesthetic-computer';
const BLOBS_BUCKET = 'at-blobs-aesthetic-computer';

/** Seconds. Oven waits 30 s for an answer to its callback, and the platform ends a scheduled function after 30 s. */
const MAX_SECONDS = 28;
const MIN_SECONDS = 3;

const url = z.url({ protocol: /^https?$/ }).transform((text) => new URL(text));
const list = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .transform((parts) => parts.filter((part) => part !== ''));

/** The variables of the functions. docs/netlify.md describes them. */
const VARIABLES = z
  .object({
    MONGODB_CONNECTION_STRING: z.string(),
    MONGODB_NAME: z.string(),
    AUTH0_DOMAIN: z.string().transform(toOrigin).pipe(url).optional(),
    OVEN_URL: url.optional(),
    OVEN_CALLBACK_SECRET: list.default([]),
    OVEN_CALLBACK_URL: url.default(new URL('https://aesthetic.computer/api/tape-bake-complete')),
    PDS_URL: url.default(new URL('https://at.aesthetic.computer')),
    GUEST_ATPROTO_IDENTIFIER: z.string().optional(),
    GUEST_ATPROTO_PASSWORD: z.string().optional(),
    ART_ZIPS_URL: url.default(bucketUrl(GUEST_BUCKET)),
    USER_ZIPS_URL: url.default(bucketUrl(USER_BUCKET)),
    ART_SPACES_KEY: z.string().optional(),
    ART_SPACES_SECRET: z.string().optional(),
    USER_SPACES_KEY: z.string().optional(),
    USER_SPACES_SECRET: z.string().optional(),
    TAPE_BLOBS_URLS: list
      .pipe(z.array(url))
      .default([
        bucketUrl(BLOBS_BUCKET),
        new URL(`https://${BLOBS_BUCKET}.${SPACES_REGION}.cdn.digitaloceanspaces.com`),
        new URL('https://at-blobs.aesthetic.computer'),
      ]),
    OTHER_MEDIA_URL: url.optional(),
    FUNCTION_SECONDS: z.coerce.number().min(MIN_SECONDS).default(25),
  })
  .superRefine((found, context) => {
    for (const variables of ['ART_SPACES', 'USER_SPACES'] as const) {
      const pair = [`${variables}_KEY`, `${variables}_SECRET`] as const;
      const missing = pair.filter((name) => found[name] === undefined);
      if (missing.length === 1) context.addIssue({ code: 'custom', path: missing, message: 'is missing' });
    }
  });

/**
 * Reads the environment; an empty variable counts as missing. Throws 503 NOT_CONFIGURED with the names, and without the values, of the
 * variables that are missing or wrong.
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.entries(environment).map(([name, value]) => [name, value?.trim() || undefined]);
  const { data: found, error } = VARIABLES.safeParse(Object.fromEntries(given));
  if (error) {
    const names = [...new Set(error.issues.map(({ path }) => String(path[0])))].sort().join(', ');
    throw new HttpError(503, 'NOT_CONFIGURED', `Missing or wrong in the environment: ${names}.`, {
      headers: { 'retry-after': '300' },
    });
  }
  const { GUEST_ATPROTO_IDENTIFIER: identifier, GUEST_ATPROTO_PASSWORD: password } = found;
  return {
    mongo: { uri: found.MONGODB_CONNECTION_STRING, name: found.MONGODB_NAME },
    oven: found.OVEN_URL,
    callbackSecrets: found.OVEN_CALLBACK_SECRET,
    callbackUrl: found.OVEN_CALLBACK_URL.href,
    zips: {
      guest: {
        name: GUEST_BUCKET,
        url: found.ART_ZIPS_URL,
        keys: keysOf(found.ART_SPACES_KEY, found.ART_SPACES_SECRET),
        variables: 'ART_SPACES',
      },
      user: {
        name: USER_BUCKET,
        url: found.USER_ZIPS_URL,
        keys: keysOf(found.USER_SPACES_KEY, found.USER_SPACES_SECRET),
        variables: 'USER_SPACES',
      },
    },
    blobs: found.TAPE_BLOBS_URLS,
    pds: found.PDS_URL,
    guest: identifier !== undefined && password !== undefined ? { identifier, password } : undefined,
    auth0: found.AUTH0_DOMAIN,
    otherMedia: found.OTHER_MEDIA_URL,
    seconds: Math.min(found.FUNCTION_SECONDS, MAX_SECONDS),
  };
}

/** Every text in the configuration that a log must not show. */
export function secretsOf({ mongo, callbackSecrets, guest, zips }: Config): string[] {
  const keys = [zips.guest.keys, zips.user.keys].flatMap((pair) => (pair ? [pair.key, pair.secret] : []));
  return [
    mongo.uri,
    ...passwordOf(mongo.uri),
    ...callbackSecrets,
    ...keys,
    ...(guest ? [guest.password] : []),
  ];
}

function keysOf(key: string | undefined, secret: string | undefined): Bucket['keys'] {
  return key !== undefined && secret !== undefined ? { key, secret } : undefined;
}

/** The database's password as it is written and as it is sent: a driver's message may have it without the rest. */
function passwordOf(uri: string): string[] {
  const [, written = ''] = /^[a-z+]+:\/\/[^:@/]*:([^@/]*)@/i.exec(uri) ?? [];
  try {
    return [written, decodeURIComponent(written)];
  } catch {
    return [written];
  }
}

function bucketUrl(name: string): URL {
  return new URL(`https://${name}.${SPACES_REGION}.digitaloceanspaces.com`);
}

/** A domain as an origin; an origin stays as it is. */
function toOrigin(domain: string): string {
  return /^https?:\/\//.test(domain) ? domain : `https://${domain}`;
}
