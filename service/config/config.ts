import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { type AlertTarget, toAlertTarget, webhookSecrets } from '../alerts/message.ts';
import { type Limits, toLimits } from '../bake/limits.ts';
import type { Scale } from '../bake/plan/size.ts';
import { openSecrets } from '../callback/secrets.ts';
import type { RedisAddress } from '../queue/store.ts';
import { allowList } from '../source/allow-list.ts';
import type { Account } from '../storage/s3.ts';
import { bucketOrigins, publicBase } from '../storage/urls.ts';
import { autoConcurrency, type Machine, thisMachine } from './concurrency.ts';
import { ConfigError, MISSING, type Problem, readVariables, type Values } from './read.ts';
import { list } from './values.ts';
import { VARIABLES } from './variables.ts';

export { ConfigError } from './read.ts';

type Variables = Values<typeof VARIABLES>;

/** The environment, checked and with defaults. */
export interface Config {
  /** The buckets of tapes; that of users' tapes is the second one, if Oven has keys for it. */
  readonly tapeBuckets: readonly Account[];
  readonly storage: Account & { readonly cdn?: string };
  /** The first one signs, and all are accepted. */
  readonly callbackSecrets: readonly string[];
  readonly host: string;
  /** With 0 the system chooses one. */
  readonly port: number;
  /** Path of a Unix socket to listen on in place of host and port. */
  readonly listenSocket?: string;
  readonly isProduction: boolean;
  readonly tempDir: string;
  readonly redis: RedisAddress;
  /** How many hosts work on this queue. */
  readonly nodes: number;
  /** The name of this host among them. */
  readonly nodeName: string;
  readonly concurrency: number;
  readonly maxQueued: number;
  /** Finished tapes in Redis, and their bytes there. */
  readonly maxHistory: number;
  readonly maxHistoryBytes: number;
  readonly limits: Limits;
  readonly minFreeBytes: number;
  readonly metricsPort: number;
  readonly bakeTimeoutSeconds: number;
  readonly scale: Scale;
  /** The name by which files are named where a request says nothing. */
  readonly outputName: 'slug' | 'code';
  readonly allowedSources: readonly string[];
  readonly allowedCallbacks: readonly string[];
  /** Whether only operators see the dashboard. */
  readonly isDashboardPrivate: boolean;
  readonly logLevel: string;
  /** Where alerts go; without it nobody is told. */
  readonly alerts?: AlertTarget;
  /** Without a slash at its end. */
  readonly publicUrl?: URL;
}

/** The bucket of users' tapes, where Oven has no keys for it. */
const USER_BUCKET = bucketOrigins(new URL('https://sfo3.digitaloceanspaces.com'), 'user-aesthetic-computer');

/** Reads the environment. Throws ConfigError with every problem, by the variable's name and never with its value. */
export function readConfig(env: NodeJS.ProcessEnv, machine: Machine = thisMachine()): Config {
  const { values, problems } = readVariables(VARIABLES, env);
  const all = [...problems, ...problemsAcross(env)];
  if (all.length > 0) throw new ConfigError(inOrder(all));
  return toConfig(values, machine);
}

/** All secrets. The log must never show one. */
export function secretsOf({ tapeBuckets, storage, callbackSecrets, redis, alerts }: Config): string[] {
  const password = 'url' in redis ? decodeURIComponent(new URL(redis.url).password) : '';
  return [
    ...[...tapeBuckets, storage].flatMap(({ secret, key }) => [secret, key]),
    ...callbackSecrets,
    password,
    ...(alerts ? webhookSecrets(alerts.url) : []),
  ].filter(Boolean);
}

function toConfig(found: Variables, machine: Machine): Config {
  const { USER_SPACES_ENDPOINT: userEndpoint } = found;
  const tapeBuckets = [account(found, 'ART_SPACES', found.ART_SPACES_ENDPOINT)];
  if (userEndpoint) tapeBuckets.push(account(found, 'USER_SPACES', userEndpoint));
  const blobs = account(found, 'AT_BLOBS_SPACES', found.AT_BLOBS_SPACES_ENDPOINT);
  return {
    tapeBuckets,
    storage: { ...blobs, ...(found.AT_BLOBS_CDN && { cdn: found.AT_BLOBS_CDN }) },
    callbackSecrets: list(found.CALLBACK_SECRET),
    host: found.HOST,
    port: found.PORT,
    ...(found.LISTEN_SOCKET && { listenSocket: found.LISTEN_SOCKET }),
    isProduction: found.NODE_ENV === 'production',
    tempDir: resolve(found.TEMP_DIR),
    redis: { url: found.REDIS_URL, ...(found.REDIS_CA && { ca: readCertificates(found.REDIS_CA) }) },
    nodes: found.NODES,
    nodeName: found.NODE_NAME ?? hostname(),
    concurrency: found.CONCURRENCY === 'auto' ? autoConcurrency(machine) : found.CONCURRENCY,
    maxQueued: found.MAX_QUEUED,
    maxHistory: found.MAX_HISTORY,
    maxHistoryBytes: found.MAX_HISTORY_MB * 1024 * 1024,
    limits: toLimits(({ variable }) => found[variable]),
    minFreeBytes: found.MIN_FREE_MB * 1024 * 1024,
    metricsPort: found.METRICS_PORT,
    bakeTimeoutSeconds: found.BAKE_TIMEOUT_SECONDS,
    scale: found.OUTPUT_SCALE,
    outputName: found.OUTPUT_NAME,
    allowedSources: allowedSources(tapeBuckets, found.ALLOWED_SOURCES),
    allowedCallbacks: list(found.ALLOWED_CALLBACKS),
    isDashboardPrivate: found.DASHBOARD === 'private',
    logLevel: found.LOG_LEVEL,
    ...(found.ALERT_WEBHOOK_URL && {
      alerts: toAlertTarget(found.ALERT_WEBHOOK_URL, found.ALERT_WEBHOOK_KIND),
    }),
    ...(found.PUBLIC_URL && { publicUrl: found.PUBLIC_URL }),
  };
}

type Prefix = 'ART_SPACES' | 'USER_SPACES' | 'AT_BLOBS_SPACES';

function account(found: Variables, prefix: Prefix, endpoint: URL): Account {
  return {
    endpoint,
    bucket: found[`${prefix}_BUCKET`] ?? '',
    key: found[`${prefix}_KEY`] ?? '',
    secret: found[`${prefix}_SECRET`] ?? '',
  };
}

/** A list replaces the buckets. A folder of tapes stays allowed: it is Oven's own. */
function allowedSources(tapeBuckets: readonly Account[], named: string | undefined): string[] {
  const originsOf = (accounts: readonly Account[]) =>
    accounts.flatMap(({ endpoint, bucket }) => bucketOrigins(endpoint, bucket));
  if (named) {
    const folders = tapeBuckets.filter(({ endpoint }) => endpoint.protocol === 'file:');
    return [...originsOf(folders), ...list(named)];
  }
  return [...originsOf(tapeBuckets), ...(tapeBuckets.length > 1 ? [] : USER_BUCKET)];
}

/** An account of nothing, for the check that the form of a CDN's name makes URLs. */
const NO_ACCOUNT = { endpoint: new URL('https://cdn.invalid'), bucket: '', key: '', secret: '' };

const ONE_HOST_ONLY = 'must be a bucket where NODES is above 1: other hosts can not see a folder of this one';

/** Throws TypeError for a file that can not be read or has no certificates. */
function readCertificates(path: string): string {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new TypeError('the file can not be read');
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----'))
    throw new TypeError('the file has no certificate in PEM');
  return text;
}

/** Problems of several variables together, and of values that the rest of the service refuses. */
function problemsAcross(env: NodeJS.ProcessEnv): Problem[] {
  const value = (name: string) => env[name]?.trim() ?? '';
  const problems: Problem[] = [];
  const ofUsers = ['ENDPOINT', 'BUCKET', 'KEY', 'SECRET'].map((part) => value(`USER_SPACES_${part}`));
  const hasUserBucket = ofUsers.some((text) => text !== '');
  if (hasUserBucket && ofUsers[0] === '') problems.push({ name: 'USER_SPACES_ENDPOINT', message: MISSING });
  const accounts = ['ART_SPACES', ...(hasUserBucket ? ['USER_SPACES'] : []), 'AT_BLOBS_SPACES'];
  for (const prefix of accounts) {
    if (/^file:/i.test(value(`${prefix}_ENDPOINT`))) continue; // a folder
    for (const name of ['BUCKET', 'KEY', 'SECRET'].map((part) => `${prefix}_${part}`)) {
      if (value(name) === '') problems.push({ name, message: MISSING });
    }
  }
  if (Number(value('NODES')) > 1) {
    for (const prefix of accounts) {
      const name = `${prefix}_ENDPOINT`;
      if (/^file:/i.test(value(name))) problems.push({ name, message: ONE_HOST_ONLY });
    }
  }
  if (value('REDIS_CA').startsWith('/')) {
    const fault = faultOf(value('REDIS_CA'), readCertificates);
    if (fault) problems.push({ name: 'REDIS_CA', message: `can not be used: ${fault}` });
  }
  for (const name of ['ALLOWED_SOURCES', 'ALLOWED_CALLBACKS']) {
    const fault = faultOf(list(value(name)), allowList);
    if (fault) problems.push({ name, message: `can not be used: ${fault}` });
  }
  if (value('AT_BLOBS_CDN') !== '') {
    const fault = faultOf(value('AT_BLOBS_CDN'), (cdn) => publicBase({ ...NO_ACCOUNT, cdn }));
    if (fault) problems.push({ name: 'AT_BLOBS_CDN', message: `can not be used: ${fault}` });
  }
  if (value('CALLBACK_SECRET') !== '') {
    const fault = faultOf(list(value('CALLBACK_SECRET')), openSecrets);
    if (fault) problems.push({ name: 'CALLBACK_SECRET', message: `can not be used: ${fault}` });
  }
  return problems;
}

/** The reason why `use` refuses a value. `use` throws a TypeError, whose message does not show the value. */
function faultOf<T>(value: T, use: (value: T) => unknown): string | undefined {
  try {
    use(value);
    return undefined;
  } catch (error) {
    return error instanceof TypeError ? error.message : 'can not be used';
  }
}

function inOrder(problems: readonly Problem[]): Problem[] {
  const names = Object.keys(VARIABLES);
  return [...problems].sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
}
