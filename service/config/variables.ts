import type { z } from 'zod';
import { RECEIVERS } from '../alerts/message.ts';
import { BAKE_TIMEOUT_SECONDS, LIMITS, type LimitName } from '../bake/limits.ts';
import { SCALES } from '../bake/plan/size.ts';
import { MEMORY_MIB, RESERVED_MIB } from './concurrency.ts';
import { autoOr, matching, oneOf, redisUrl, text, url, webhookUrl, whole } from './values.ts';

/** One variable of the service's environment. */
export interface Variable {
  /** How its text is read. */
  readonly form: z.ZodType<unknown, string>;
  /** What it is for: sentences of oven.env.example and docs/configuration.md. */
  readonly about: string;
  /** What sets it on a host that Pulumi makes. */
  readonly setBy: SetBy;
  /** The text that holds when it is left out or empty. */
  readonly default?: string;
  /** What holds then, in words, where that is no text. */
  readonly otherwise?: string;
  /** The service does not start without it. */
  readonly required?: true;
  /** What stands in oven.env.example for people to fill in or change. Other variables stand there as comments. */
  readonly example?: string;
}

/**
 * operator: `serviceEnvironment` of the stack; stack: a key of its own there; release: the files that a release lays onto
 * its host; candidate: the unit in which a release is checked before it serves.
 */
export type SetBy = 'operator' | 'stack' | 'release' | 'candidate';

const bucketName = matching(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of a bucket');
const endpoint = url(['https:', 'http:', 'file:']);
const origins = text.describe('origins with commas between');

const SECRETS = {
  CALLBACK_SECRET: {
    form: text,
    required: true,
    example: '',
    setBy: 'stack',
    about:
      'Signs callbacks, and callers must know it: `openssl rand -hex 32` makes one. It is a comma-separated list while it is changed: the first signs, all are accepted.',
  },
} as const satisfies Record<string, Variable>;

const STORAGE = {
  ART_SPACES_ENDPOINT: {
    form: endpoint,
    required: true,
    example: 'file:///data/art',
    setBy: 'stack',
    about:
      'Where the tapes are: an S3 such as https://sfo3.digitaloceanspaces.com, or a folder, which needs no bucket and no keys.',
  },
  ART_SPACES_BUCKET: {
    form: bucketName,
    example: '',
    setBy: 'stack',
    about: 'The bucket of tapes. Oven only reads it.',
  },
  ART_SPACES_KEY: { form: text, example: '', setBy: 'stack', about: 'Access key for the bucket of tapes.' },
  ART_SPACES_SECRET: {
    form: text,
    example: '',
    setBy: 'stack',
    about: 'Secret key that belongs to ART_SPACES_KEY.',
  },
  USER_SPACES_ENDPOINT: {
    form: endpoint,
    otherwise: "Oven has no keys for users' tapes and reads them as anyone does",
    setBy: 'stack',
    about: "Where users' private tapes are, if they are not with the others: an S3 or a folder.",
  },
  USER_SPACES_BUCKET: {
    form: bucketName,
    setBy: 'stack',
    about: "The bucket of users' tapes. Oven only reads it.",
  },
  USER_SPACES_KEY: { form: text, setBy: 'stack', about: "Access key for the bucket of users' tapes." },
  USER_SPACES_SECRET: { form: text, setBy: 'stack', about: 'Secret key that belongs to USER_SPACES_KEY.' },
  AT_BLOBS_SPACES_ENDPOINT: {
    form: endpoint,
    required: true,
    example: 'file:///data/blobs',
    setBy: 'stack',
    about: 'Where the outputs go: an S3, or a folder, which Oven serves under /files.',
  },
  AT_BLOBS_SPACES_BUCKET: {
    form: bucketName,
    example: '',
    setBy: 'stack',
    about: 'The bucket of outputs.',
  },
  AT_BLOBS_SPACES_KEY: {
    form: text,
    example: '',
    setBy: 'stack',
    about: 'Access key for the bucket of outputs.',
  },
  AT_BLOBS_SPACES_SECRET: {
    form: text,
    example: '',
    setBy: 'stack',
    about: 'Secret key that belongs to AT_BLOBS_SPACES_KEY.',
  },
  AT_BLOBS_CDN: {
    form: text,
    setBy: 'stack',
    about: 'Host name of a CDN before the bucket of outputs. URLs that Oven gives out have it then.',
  },
} as const satisfies Record<string, Variable>;

/** `oven alert` reads it as well as the service does. */
export const PUBLIC = {
  PUBLIC_URL: {
    form: url(['https:', 'http:']),
    otherwise: 'the address that Oven listens on',
    example: 'http://localhost:3000',
    setBy: 'stack',
    about: 'The address at which others reach Oven.',
  },
} as const satisfies Record<string, Variable>;

const ADDRESSES = {
  ...PUBLIC,
  ALLOWED_SOURCES: {
    form: origins,
    otherwise: "the bucket of tapes and that of users' tapes",
    setBy: 'operator',
    about:
      'Origins that tapes may come from, each with an optional path, such as http://host.docker.internal:8888. A list replaces the buckets; a folder of tapes (ART_SPACES_ENDPOINT, USER_SPACES_ENDPOINT) stays allowed.',
  },
  ALLOWED_CALLBACKS: {
    form: origins,
    default: 'https://aesthetic.computer',
    example: 'http://host.docker.internal:8888',
    setBy: 'operator',
    about: 'Origins that callbacks and progress reports may go to, written in the same way.',
  },
  DASHBOARD: {
    form: oneOf(['public', 'private']),
    default: 'public',
    setBy: 'operator',
    about: 'Who may see the dashboard: everybody, or those who log in with a secret of CALLBACK_SECRET.',
  },
  HOST: {
    form: matching(/^[A-Za-z0-9.:_-]+$/, 'an address or a name'),
    default: '127.0.0.1',
    setBy: 'release',
    about: 'The address that Oven listens on.',
  },
  PORT: {
    form: whole(0, 65_535),
    default: '3000',
    setBy: 'release',
    about: 'The port that Oven listens on; with 0 the system chooses one.',
  },
  LISTEN_SOCKET: {
    form: matching(/^\//, 'an absolute path'),
    setBy: 'candidate',
    about: 'A Unix socket to listen on in place of host and port.',
  },
  METRICS_PORT: {
    form: whole(0, 65_535),
    default: '9464',
    setBy: 'release',
    about: 'The port of the metrics on 127.0.0.1; with 0 the system chooses one.',
  },
} as const satisfies Record<string, Variable>;

const PROCESS = {
  REDIS_URL: {
    form: redisUrl,
    default: 'redis://127.0.0.1:6379',
    setBy: 'release',
    about: 'The Redis or Valkey that keeps the queue; rediss:// is Redis with TLS.',
  },
  REDIS_CA: {
    form: matching(/^\//, 'an absolute path'),
    otherwise: 'the authorities that Node.js knows',
    setBy: 'stack',
    about:
      'A file with the certificates (PEM) of the authority that signed the certificate of a rediss:// Redis.',
  },
  NODES: {
    form: whole(1, 1000),
    default: '1',
    setBy: 'stack',
    about: 'How many hosts work on this queue. With more than one, files go to a bucket and not to a folder.',
  },
  NODE_NAME: {
    form: matching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'a name of letters, digits, dots and hyphens'),
    otherwise: "the machine's host name",
    setBy: 'release',
    about: 'The name of this host. Each host of a queue has another one.',
  },
  TEMP_DIR: {
    form: text,
    default: '/tmp',
    setBy: 'release',
    about: 'The folder below which bakes have their working folders.',
  },
  NODE_ENV: {
    form: oneOf(['production', 'development', 'test']),
    default: 'development',
    setBy: 'release',
    about: 'What kind of deployment this is. Oven behaves the same in each.',
  },
  LOG_LEVEL: {
    form: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    default: 'info',
    setBy: 'operator',
    about: 'The least important messages that are logged.',
  },
} as const satisfies Record<string, Variable>;

const CAPACITY = {
  CONCURRENCY: {
    form: autoOr(whole(1, 64)),
    default: 'auto',
    setBy: 'operator',
    about: `Bakes at once. auto: one for each core, one for each ${MEMORY_MIB.bake} MiB of memory beyond ${RESERVED_MIB} MiB, at most 3.`,
  },
  MAX_QUEUED: {
    form: whole(1, 100_000),
    default: '200',
    setBy: 'operator',
    about: 'Tapes that may wait. Oven refuses further ones with QUEUE_FULL.',
  },
  MAX_HISTORY: {
    form: whole(0, 10_000_000),
    default: '50000',
    setBy: 'operator',
    about:
      'Finished tapes that Redis keeps, for 30 days at most. Of more, the oldest leave, but none before its callback was delivered or given up.',
  },
  MAX_HISTORY_MB: {
    form: whole(0, 1_000_000),
    default: '128',
    setBy: 'operator',
    about: 'MiB of Redis that finished tapes may take. Of more, the oldest leave in the same way.',
  },
  MIN_FREE_MB: {
    form: whole(0, 10_000_000),
    default: '1024',
    setBy: 'operator',
    about: 'Oven refuses tapes while the disk of TEMP_DIR has fewer MiB free.',
  },
} as const satisfies Record<string, Variable>;

/** `oven alert` reads them as well as the service does. */
export const ALERTS = {
  ALERT_WEBHOOK_URL: {
    form: webhookUrl,
    otherwise: 'no alerts',
    setBy: 'stack',
    about:
      'Where alerts for the operator go: a webhook of Discord or Slack, or any receiver of JSON. It is a secret. ALLOWED_CALLBACKS does not apply to it.',
  },
  ALERT_WEBHOOK_KIND: {
    form: oneOf(['auto', ...RECEIVERS]),
    default: 'auto',
    setBy: 'operator',
    about: 'What the receiver takes. auto: what the host of ALERT_WEBHOOK_URL takes.',
  },
} as const satisfies Record<string, Variable>;

type LimitVariable = (typeof LIMITS)[LimitName]['variable'];

interface LimitRow extends Variable {
  readonly form: z.ZodType<number, string>;
  readonly default: string;
}

/** The variables of the limits. */
const LIMIT_VARIABLES = Object.fromEntries(
  Object.values(LIMITS).map(
    ({ variable, min, max, default: value, unit, bounds, code }): [string, LimitRow] => [
      variable,
      {
        form: whole(min, max),
        default: String(value),
        setBy: 'operator',
        about: `The limit for the ${bounds}, in ${unit}. A tape beyond it fails with ${code}.`,
      },
    ],
  ),
) as Record<LimitVariable, LimitRow>;

/** What `oven bake` reads as well as the service does. */
export const BAKE_VARIABLES = {
  ...LIMIT_VARIABLES,
  OUTPUT_SCALE: {
    form: oneOf(SCALES),
    default: 'auto',
    setBy: 'operator',
    about: 'How many times each pixel of a video or preview is enlarged, unless a request says otherwise.',
  },
} as const satisfies Record<string, Variable>;

const BAKES = {
  ...BAKE_VARIABLES,
  BAKE_TIMEOUT_SECONDS: {
    form: whole(1, 86_400),
    default: String(BAKE_TIMEOUT_SECONDS),
    setBy: 'operator',
    about:
      'Seconds that each stage of an attempt may take: the download, the bake, the upload. Only the service reads it.',
  },
  OUTPUT_NAME: {
    form: oneOf(['slug', 'code']),
    default: 'slug',
    setBy: 'operator',
    about:
      'What files are named by: the slug (tapes/SLUG.mp4) or the code (tapes/CODE.mp4), which every request must have then.',
  },
} as const satisfies Record<string, Variable>;

/** Every variable of the service, in the order of the docs. */
export const SECTIONS = {
  Secrets: SECRETS,
  Storage: STORAGE,
  Addresses: ADDRESSES,
  'The process': PROCESS,
  Alerts: ALERTS,
  'How much at once': CAPACITY,
  'Tapes and outputs': BAKES,
};

/** Every variable that the service reads. Keys and buckets are checked in config.ts, since a folder needs none. */
export const VARIABLES = {
  ...SECRETS,
  ...STORAGE,
  ...ADDRESSES,
  ...PROCESS,
  ...ALERTS,
  ...CAPACITY,
  ...BAKES,
};

/** The names of the variables that something sets on a host. */
export function variablesSetBy(...setters: readonly SetBy[]): string[] {
  return Object.entries(VARIABLES).flatMap(([name, { setBy }]) => (setters.includes(setBy) ? [name] : []));
}
