import { Redis, type RedisOptions } from 'ioredis';

/** Where Redis is: a redis:// or rediss:// URL, a unix:// URL, or the path of a unix socket. */
export type RedisAddress = { readonly url: string } | { readonly path: string };

/** How long commands wait for a lost Redis: 'forever' for workers, 'briefly' where a caller waits for an answer. */
export type Patience = 'forever' | 'briefly';

const MAX_RETRY_MS = 2000;
const COMMAND_MS = 8000;

type Options = Omit<RedisOptions, 'replyMapping'> & { url?: string };

/** The options of a connection. Throws TypeError for an address that is no URL. */
export function redisOptions(address: RedisAddress, patience: Patience): Options {
  const options: Options = {
    maxRetriesPerRequest: patience === 'forever' ? null : 3,
    // A server that hangs is as good as gone to somebody who waits for an answer.
    ...(patience === 'briefly' && { commandTimeout: COMMAND_MS }),
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), MAX_RETRY_MS),
  };
  if ('path' in address) return { ...options, path: address.path };
  const url = new URL(address.url);
  if (url.protocol === 'unix:') return { ...options, path: decodeURIComponent(url.pathname) };
  return { ...options, url: address.url };
}

/** Opens a connection that tells `onError` of every trouble and goes on trying. */
export function connect(address: RedisAddress, patience: Patience, onError: (error: Error) => void): Redis {
  const { url, ...options } = redisOptions(address, patience);
  const redis = url === undefined ? new Redis(options) : new Redis(url, options);
  redis.on('error', onError);
  return redis;
}
