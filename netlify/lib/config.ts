import { HttpError } from './http.ts';

/** What the functions are told by their environment. */
export interface Config {
  readonly mongo: { readonly uri: string; readonly name: string };
  /** Undefined: tapes wait. */
  readonly oven: URL | undefined;
  /** The first goes to Oven, all are accepted. Empty: no callback is. */
  readonly callbackSecrets: readonly string[];
  readonly callbackUrl: string;
  /** Where ZIPs are, by the name of their bucket. */
  readonly zips: { readonly guest: Bucket; readonly user: Bucket };
  /** URLs below which Oven's files are. */
  readonly blobs: readonly URL[];
  readonly pds: URL;
  readonly guest: { readonly identifier: string; readonly password: string } | undefined;
  readonly auth0: URL | undefined;
  /** How long a function works before it keeps what it has and ends. */
  readonly seconds: number;
}

export interface Bucket {
  readonly name: string;
  readonly url: URL;
}

type Env = Readonly<Record<string, string | undefined>>;

// Oven waits 30 s for an answer to its callback, and the platform ends scheduled functions after as long.
const MAX_SECONDS = 28;

const BLOBS = [
  'https://at-blobs-aesthetic-computer.sfo3.digitaloceanspaces.com',
  'https://at-blobs-aesthetic-computer.sfo3.cdn.digitaloceanspaces.com',
  'https://at-blobs.aesthetic.computer',
].join(',');

/** Reads the environment. Throws 503 NOT_CONFIGURED with the names, never the values, of what is missing or wrong. */
export function readConfig(env: Env): Config {
  const faults: string[] = [];
  const text = (name: string, otherwise = '') => env[name]?.trim() || otherwise;
  const needed = (name: string) => {
    const value = text(name);
    if (value === '') faults.push(name);
    return value;
  };
  const url = (name: string, value: string) => {
    if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return new URL(value);
    faults.push(name);
    return new URL('https://invalid.invalid');
  };
  const optionalUrl = (name: string) => (text(name) === '' ? undefined : url(name, text(name)));
  const bucket = (name: string, id: string): Bucket => ({
    name: id,
    url: url(name, text(name, `https://${id}.sfo3.digitaloceanspaces.com`)),
  });
  const seconds = Number(text('FUNCTION_SECONDS', '25'));
  if (!(seconds >= 3)) faults.push('FUNCTION_SECONDS');
  const identifier = text('GUEST_ATPROTO_IDENTIFIER');
  const password = text('GUEST_ATPROTO_PASSWORD');

  const config: Config = {
    mongo: { uri: needed('MONGODB_CONNECTION_STRING'), name: needed('MONGODB_NAME') },
    oven: optionalUrl('OVEN_URL'),
    callbackSecrets: list(text('OVEN_CALLBACK_SECRET')),
    callbackUrl: url(
      'OVEN_CALLBACK_URL',
      text('OVEN_CALLBACK_URL', 'https://aesthetic.computer/api/tape-bake-complete'),
    ).href,
    zips: {
      guest: bucket('ART_ZIPS_URL', 'art-aesthetic-computer'),
      user: bucket('USER_ZIPS_URL', 'user-aesthetic-computer'),
    },
    blobs: list(text('TAPE_BLOBS_URLS', BLOBS)).map((each) => url('TAPE_BLOBS_URLS', each)),
    pds: url('PDS_URL', text('PDS_URL', 'https://at.aesthetic.computer')),
    guest: identifier !== '' && password !== '' ? { identifier, password } : undefined,
    auth0: text('AUTH0_DOMAIN') === '' ? undefined : url('AUTH0_DOMAIN', origin(text('AUTH0_DOMAIN'))),
    seconds: Math.min(seconds, MAX_SECONDS),
  };
  if (faults.length === 0) return config;
  const names = [...new Set(faults)].join(', ');
  throw new HttpError(503, 'NOT_CONFIGURED', `Missing or wrong in the environment: ${names}.`, {
    headers: { 'retry-after': '300' },
  });
}

/** Everything in the configuration that must never be shown. */
export function secretsOf({ mongo, callbackSecrets, guest }: Config): string[] {
  return [mongo.uri, ...passwordOf(mongo.uri), ...callbackSecrets, ...(guest ? [guest.password] : [])];
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

function list(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** A domain, or an origin as it is. */
function origin(domain: string): string {
  return /^https?:\/\//.test(domain) ? domain : `https://${domain}`;
}
