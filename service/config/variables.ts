import { z } from 'zod';
import { SCALES } from '../bake/plan/size.ts';
import type { LIMIT_NAMES } from './limit-names.ts';
import { oneOf, optional, text, url, whole, withDefault } from './values.ts';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const NODE_ENVS = ['production', 'development', 'test'] as const;
const bucket = z
  .string()
  .trim()
  .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, { error: 'must be the name of a bucket' });

/** The limits of one bake, which `oven bake` reads too. */
export const LIMIT_VARIABLES = {
  MAX_ZIP_MB: withDefault(whole(1, 4000), 256),
  MAX_UNZIPPED_MB: withDefault(whole(1, 100_000), 1024),
  MAX_TAPE_SECONDS: withDefault(whole(1, 3600), 60),
  MAX_FRAMES: withDefault(whole(1, 100_000), 4000),
  MAX_FRAME_PIXELS: withDefault(whole(1, 67_108_864), 2_097_152),
  OUTPUT_SCALE: withDefault(oneOf(SCALES), 'auto' as const),
} satisfies Record<(typeof LIMIT_NAMES)[number], z.ZodType>;

/** Every variable the service reads. Keys and buckets are looked at in service/config/config.ts: a folder needs none. */
export const VARIABLES = z.object({
  ...LIMIT_VARIABLES,
  ART_SPACES_ENDPOINT: storage(),
  ART_SPACES_BUCKET: optional(bucket),
  ART_SPACES_KEY: optional(text),
  ART_SPACES_SECRET: optional(text),
  AT_BLOBS_SPACES_ENDPOINT: storage(),
  AT_BLOBS_SPACES_BUCKET: optional(bucket),
  AT_BLOBS_SPACES_KEY: optional(text),
  AT_BLOBS_SPACES_SECRET: optional(text),
  AT_BLOBS_CDN: optional(text),
  CALLBACK_SECRET: text,
  PORT: withDefault(whole(0, 65_535), 3000),
  HOST: withDefault(
    z
      .string()
      .trim()
      .regex(/^[A-Za-z0-9.:_-]+$/, { error: 'must be an address or a name' }),
    '127.0.0.1',
  ),
  LISTEN_SOCKET: optional(z.string().regex(/^\//, { error: 'must be an absolute path' })),
  NODE_ENV: withDefault(oneOf(NODE_ENVS), 'development' as const),
  TEMP_DIR: withDefault(text as z.ZodType<string>, '/tmp'),
  REDIS_URL: withDefault(
    z
      .string()
      .trim()
      .refine(isRedis, { error: 'must be redis://HOST:PORT, rediss://HOST:PORT or unix:///PATH' }),
    'redis://127.0.0.1:6379',
  ),
  CONCURRENCY: withDefault(
    z
      .string()
      .trim()
      .regex(/^(auto|[1-9]|[1-5]\d|6[0-4])$/, { error: 'must be auto or a whole number from 1 to 64' })
      .transform((value) => (value === 'auto' ? value : Number(value))),
    'auto' as const,
  ),
  OUTPUT_NAME: withDefault(oneOf(['slug', 'code'] as const), 'slug' as const),
  MAX_QUEUED: withDefault(whole(1, 100_000), 200),
  MIN_FREE_MB: withDefault(whole(0, 10_000_000), 1024),
  METRICS_PORT: withDefault(whole(0, 65_535), 9464),
  BAKE_TIMEOUT_SECONDS: withDefault(whole(1, 86_400), 300),
  ALLOWED_SOURCES: optional(text),
  ALLOWED_CALLBACKS: optional(text),
  LOG_LEVEL: withDefault(oneOf(LOG_LEVELS), 'info' as const),
  PUBLIC_URL: optional(url(['https:', 'http:'])),
});

export type Variables = z.output<typeof VARIABLES>;

function storage() {
  return z.preprocess(
    (value) => (value === undefined ? '' : value),
    z
      .string()
      .refine((value) => value !== '', { error: 'is missing', abort: true })
      .pipe(url(['https:', 'http:', 'file:'])),
  );
}

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
