/** What a candidate proves before it serves: Redis, the buckets, the CDN, and a bake. */
import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { ERRORS, type Fault, isPermanent } from '../errors.ts';
import { withRetries } from '../lib/retry.ts';
import { redisCodeOf } from '../queue/redis-faults.ts';
import { connect, PREFIX, watchConnection } from '../queue/store.ts';
import { checkVersion } from '../queue/version.ts';
import type { TapeBucket } from '../source/tape-bucket.ts';
import type { OutputStorage } from '../storage/storage.ts';
import { bakeBuiltInTapes } from './bake-built-in.ts';

/** One thing that a candidate must be able to do. */
export interface StartupCheck {
  readonly name: string;
  /** What is wrong when it fails, beside Oven's own settings. */
  readonly fault: Fault;
  /** Throws what prevents it. */
  readonly run: () => Promise<void>;
}

/** Everything that a release needs to bake a tape on this host. */
export function startupChecks(
  config: Config,
  tapeBuckets: readonly Pick<TapeBucket, 'check'>[],
  storage: Pick<OutputStorage, 'check'>,
): StartupCheck[] {
  return [
    { name: 'Redis', fault: 'queue', run: () => checkRedis(config) },
    ...tapeBuckets.map((tapeBucket, n) => {
      const name = n === 0 ? 'the bucket of tapes' : "the bucket of users' tapes";
      return { name, fault: 'source' as const, run: () => tapeBucket.check() };
    }),
    { name: 'the bucket of videos', fault: 'storage', run: () => storage.check() },
    ...(config.storage.cdn
      ? [{ name: 'the CDN', fault: 'storage' as const, run: () => storage.check(checkCdn) }]
      : []),
    { name: 'a bake', fault: 'host', run: () => bakeBuiltInTapes(config) },
  ];
}

/** Milliseconds for the CDN's answer: less than for the whole of the check. */
const CDN_MS = 8000;

/** The CDN is set up by hand, and without this check only a viewer would find a URL that leads nowhere. */
async function checkCdn(url: string, content: string): Promise<void> {
  const seen = await fetch(url, { signal: AbortSignal.timeout(CDN_MS) }).then(
    async (answer) =>
      answer.ok && (await answer.text()) === content ? undefined : `status ${answer.status}`,
    (error: Error) => ((error.cause as Error | undefined) ?? error).message,
  );
  if (seen !== undefined)
    throw new Error(`${new URL(url).host} (AT_BLOBS_CDN) does not give out what the bucket has: ${seen}.`);
}

/** Writes a key: a Redis whose disk is full still answers PING. */
async function checkRedis({ redis: address }: Config): Promise<void> {
  const redis = connect(address, 'briefly', () => {});
  const fault = watchConnection(redis);
  const key = `oven:check:${randomUUID()}`;
  try {
    await redis.set(key, key, 'EX', 60);
    const kept = await redis.get(key);
    await redis.del(key);
    if (kept !== key) throw new Error('Redis did not keep what it was given.');
    await checkVersion(redis, PREFIX);
  } catch (error) {
    const cause = fault() ?? error;
    const code = redisCodeOf(cause);
    if (code === 'REDIS') throw cause;
    const { message, action } = ERRORS[code];
    throw Object.assign(new Error(`${message} ${action}`, { cause }), { code });
  } finally {
    redis.disconnect();
  }
}

const ATTEMPTS = 5;
/** Longest waits between attempts, in milliseconds. */
const DELAYS = [1000, 2000, 4000];

/** A candidate failed a startup check for good. The message is one line for the operator. */
export class UnfitError extends Error {
  override readonly name = 'UnfitError';
}

/**
 * Runs all checks at once, and calls `onPassed` with the name of each that passes. A check whose error may pass is tried again;
 * throws UnfitError for the first that fails for good, and the signal's reason when aborted.
 */
export async function runChecks(
  checks: readonly StartupCheck[],
  signal: AbortSignal,
  onPassed: (name: string) => void,
): Promise<void> {
  await Promise.all(
    checks.map(async ({ name, run }) => {
      const retry = { attempts: ATTEMPTS, delays: DELAYS, signal };
      await withRetries(run, { ...retry, isRetryable: (error) => !isPermanent(error) }).catch((cause) => {
        signal.throwIfAborted();
        throw new UnfitError(`This release is not fit to run here: ${name}: ${reasonOf(cause)}`, { cause });
      });
      onPassed(name);
    }),
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed.';
  const { code } = error as { code?: unknown };
  const line = error.message.split('\n', 1)[0] ?? '';
  return typeof code === 'string' ? `${line} [${code}]` : line;
}
