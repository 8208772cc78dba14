/** What is wrong with Redis, as its errors and those of the connection tell. */
import { ERRORS, type RedisCode } from '../errors.ts';

/** The first row that matches an error's code and message. Redis begins an error with a word of its own. */
const FAULTS: readonly (readonly [RedisCode, RegExp])[] = [
  ['REDIS_READ_ONLY', /\b(READONLY|UNBLOCKED|MASTERDOWN)\b/],
  ['REDIS_FULL', /\b(OOM|MISCONF)\b/],
  ['REDIS_PASSWORD', /\b(NOAUTH|WRONGPASS|NOPERM)\b|invalid (username-)?password/],
  ['REDIS_TLS', /\b(CERT_|ERR_TLS|ERR_SSL|EPROTO|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(VERIFY|GET))/],
];

/** The code that names an error of Redis; `REDIS` for one that is away, hangs, or says anything else. */
export function redisCodeOf(error: unknown): RedisCode {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  const text = `${typeof code === 'string' ? code : ''} ${typeof message === 'string' ? message : ''}`;
  return FAULTS.find(([, pattern]) => pattern.test(text))?.[0] ?? 'REDIS';
}

/** What the log has beside an error of Redis that an operator has to mend. */
export function loggedRedisFault(error: unknown): { readonly code?: RedisCode; readonly action?: string } {
  const code = redisCodeOf(error);
  return code === 'REDIS' ? {} : { code, action: ERRORS[code].action };
}

/** A fault that lasts as long as the connection is not made anew with other settings, or to another Redis. */
export function isOfConnection(error: unknown): boolean {
  return ['REDIS_PASSWORD', 'REDIS_TLS'].includes(redisCodeOf(error));
}

/** Milliseconds between two reconnects for an error: a Redis that stays read-only answers every command with it. */
const RECONNECT_EVERY_MS = 500;

/**
 * Makes ioredis' `reconnectOnError`, for a connection and its duplicates. A Redis that was the primary and is a replica now keeps its
 * connections open; whoever connects anew by its name or through its proxy reaches the new primary.
 */
export function reconnectWhenReadOnly(now: () => number = () => performance.now()) {
  const last = new WeakMap<object, number>();
  /** `this` is the options of one connection. */
  return function (this: object, error: Error): boolean {
    if (redisCodeOf(error) !== 'REDIS_READ_ONLY') return false;
    if (now() - (last.get(this) ?? Number.NEGATIVE_INFINITY) < RECONNECT_EVERY_MS) return false;
    last.set(this, now());
    return true;
  };
}
