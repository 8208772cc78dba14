/** The queue in Redis: the connections, BullMQ's two queues, and the names of Oven's own keys. */
import { FlowProducer, Queue } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import type { BakeResult } from '../schemas/outcome.ts';
import type { BakeData, CallbackData } from './job.ts';
import { isOfConnection, reconnectWhenReadOnly } from './redis-faults.ts';

/**
 * Where Redis is: a redis:// or rediss:// URL, a unix:// URL, or the path of a unix socket. `ca`: certificates (PEM) that sign for a
 * rediss:// Redis in place of the public ones.
 */
export type RedisAddress = { readonly url: string; readonly ca?: string } | { readonly path: string };

/** How long commands wait for a lost Redis: 'forever' for workers, 'briefly' if a caller waits for the answer. */
export type Patience = 'forever' | 'briefly';

const MAX_RECONNECT_MS = 2000;
const COMMAND_MS = 8000;

type Options = Omit<RedisOptions, 'replyMapping'> & { url?: string };

/** The options of a connection. Throws TypeError for an address that is no URL. */
export function redisOptions(address: RedisAddress, patience: Patience): Options {
  const options: Options = {
    maxRetriesPerRequest: patience === 'forever' ? null : 3,
    // For a caller that waits, a server that hangs is the same as a server that is gone.
    ...(patience === 'briefly' && { commandTimeout: COMMAND_MS }),
    reconnectOnError: reconnectWhenReadOnly(),
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), MAX_RECONNECT_MS),
  };
  if ('path' in address) return { ...options, path: address.path };
  const url = new URL(address.url);
  if (url.protocol === 'unix:') return { ...options, path: decodeURIComponent(url.pathname) };
  return { ...options, url: address.url, ...(address.ca !== undefined && { tls: { ca: address.ca } }) };
}

/** Opens a connection that reports each error to `onError` and connects again. */
export function connect(address: RedisAddress, patience: Patience, onError: (error: Error) => void): Redis {
  const { url, ...options } = redisOptions(address, patience);
  const redis = url === undefined ? new Redis(options) : new Redis(url, options);
  redis.on('error', onError);
  return redis;
}

/** Remembers for which password or certificate a connection can not be made, until it is made. Commands only say that it is not there. */
export function watchConnection(redis: Redis): () => Error | undefined {
  let fault: Error | undefined;
  redis.on('error', (error) => {
    if (isOfConnection(error)) fault = error;
  });
  redis.on('ready', () => {
    fault = undefined;
  });
  return () => fault;
}

const REDIS_ERROR_NAMES: readonly unknown[] = [
  'MaxRetriesPerRequestError',
  'ReplyError',
  'AbortError',
  'LockError',
];
const REDIS_ERROR_MESSAGES =
  /^(Connection is closed|Command timed out|Stream isn't writeable|connect |read |write )/;

/** Whether an error says that Redis is not there, starts, is full or read-only, or answers too late. */
export function isRedisError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (error.name === 'AbortError' && code !== undefined) return false; // Node's own: ioredis's has no code
  const isNetwork =
    typeof code === 'string' &&
    /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)/.test(code);
  return isNetwork || REDIS_ERROR_NAMES.includes(error.name) || REDIS_ERROR_MESSAGES.test(error.message);
}

/** The start of every key of the service. */
export const PREFIX = 'oven';
export const BAKES = 'bakes';
export const CALLBACKS = 'callbacks';

/** Both queues over one connection. */
export interface Store {
  readonly redis: Redis;
  readonly bakes: Queue<BakeData, BakeResult>;
  readonly callbacks: Queue<CallbackData, string>;
  /** Adds a callback together with its bake. */
  readonly flows: FlowProducer;
  /** The start of every key. */
  readonly prefix: string;
  /** Why the connection can not be made, if that lasts. */
  readonly connectionFault: () => Error | undefined;
}

export function openStore(address: RedisAddress, prefix: string, onError: (error: Error) => void): Store {
  const redis = connect(address, 'briefly', onError);
  // Oven does not read BullMQ's log of events, which holds every result and would grow to ten thousand.
  const streams = { events: { maxLen: 100 } };
  const options = { connection: redis, prefix, streams };
  const bakes = new Queue<BakeData, BakeResult>(BAKES, options);
  const callbacks = new Queue<CallbackData, string>(CALLBACKS, options);
  const flows = new FlowProducer(options);
  bakes.on('error', onError);
  callbacks.on('error', onError);
  flows.on('error', onError);
  loadScripts(redis, flows.waitUntilReady(), onError);
  return { redis, bakes, callbacks, flows, prefix, connectionFault: watchConnection(redis) };
}

/**
 * Loads the scripts that add a flow into Redis, on every connection. ioredis counts a script as loaded once it was sent, even
 * in a transaction that a full Redis refused unread. Redis does not know the script in later transactions then, and BullMQ
 * does not notice that for a child: the bake would be lost.
 */
function loadScripts(redis: Redis, defined: Promise<unknown>, onError: (error: Error) => void): void {
  const load = async () => {
    await defined;
    const scripts = Object.entries(redis.scriptsSet as Readonly<Record<string, { lua: string }>>);
    const needed = scripts.filter(([name]) => /^(add|releaseParent)/.test(name));
    await Promise.all(needed.map(([, { lua }]) => redis.script('LOAD', lua)));
  };
  redis.on('ready', () => void load().catch(onError));
}

/** Closes the queues, then the connection that they share, also while Redis is gone. */
export async function closeStore({ redis, bakes, callbacks, flows }: Store): Promise<void> {
  await Promise.allSettled([bakes.close(), callbacks.close(), flows.close()]);
  redis.disconnect();
}

/** Names of the keys beside BullMQ's own. A release takes over the keys of the one before, so their names stay. */
export const keys = {
  /** The newest job of an identity. */
  latest: (prefix: string, identity: string) => `${prefix}:latest:${identity}`,
  /** Every job of a slug or file name. */
  slug: (prefix: string, name: string) => `${prefix}:slug:${name}`,
  /** The index of all jobs; `part` is empty, or names the jobs of one state (`:done`), error (`:error:CODE`) or code (`:code:CODE`). */
  jobs: (prefix: string, part: string) => `${prefix}:jobs${part}`,
  stopRequest: (prefix: string, callbackId: string) => `${prefix}:mark:${callbackId}`,
  stopChannel: (prefix: string) => `${prefix}:marks`,
  /** The finished tapes, by the end of their callback; history.ts keeps their bytes beside it. */
  history: (prefix: string) => `${prefix}:history`,
  /** By how much the clock was set back a moment ago. */
  setBack: (prefix: string) => `${prefix}:set-back`,
  /** What a check of the health writes. */
  health: (prefix: string) => `${prefix}:health`,
  /** What operators were told. */
  alerts: (prefix: string) => `${prefix}:alerts`,
  /** The version of the newest release that worked on the queue. */
  version: (prefix: string) => `${prefix}:version`,
  /** Whether every host is drained. */
  drain: (prefix: string) => `${prefix}:drain`,
  /** The names of all hosts; what one of them reports. */
  hosts: (prefix: string) => `${prefix}:hosts`,
  host: (prefix: string, name: string) => `${prefix}:host:${name}`,
  /** Jobs that are about to wait. */
  reserved: (prefix: string) => `${prefix}:reserved`,
  /** Requeues that have begun. */
  requeues: (prefix: string) => `${prefix}:renewals`,
  lock: (prefix: string, name: string) => `${prefix}:lock:${name}`,
};
