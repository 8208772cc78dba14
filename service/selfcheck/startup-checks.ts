import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { isPermanent } from '../errors.ts';
import { connect } from '../queue/store.ts';
import type { TapeBucket } from '../source/tape-bucket.ts';
import type { OutputStorage } from '../storage/storage.ts';
import { bakeBuiltInTapes } from './bake-built-in.ts';

/** Something a candidate shows that it can do. */
export interface StartupCheck {
  readonly name: string;
  /** Throws what is in the way. */
  readonly run: () => Promise<void>;
}

/** All that a release needs in order to bake a tape here. */
export function startupChecks(
  config: Config,
  { tapeBucket, storage }: { tapeBucket: TapeBucket; storage: OutputStorage },
): StartupCheck[] {
  return [
    { name: 'Redis', run: () => checkRedis(config) },
    { name: 'the bucket of tapes', run: () => tapeBucket.check() },
    { name: 'the bucket of videos', run: () => storage.check() },
    ...(config.storage.cdn ? [{ name: 'the CDN', run: () => storage.check(checkCdn) }] : []),
    { name: 'a bake', run: () => bakeBuiltInTapes(config) },
  ];
}

/** Milliseconds for the CDN's answer: less than for the whole of the check. */
const CDN_MS = 8000;

/** The CDN is made by hand, and a video's URL that leads nowhere is found only by whoever watches it. */
async function checkCdn(url: string, content: string): Promise<void> {
  const seen = await fetch(url, { signal: AbortSignal.timeout(CDN_MS) }).then(
    async (answer) =>
      answer.ok && (await answer.text()) === content ? undefined : `status ${answer.status}`,
    (error: Error) => ((error.cause as Error | undefined) ?? error).message,
  );
  if (seen !== undefined)
    throw new Error(`${new URL(url).host} (AT_BLOBS_CDN) does not give out what the bucket has: ${seen}.`);
}

/** A write, and not only an answer: a Redis whose disk is full answers still. */
async function checkRedis({ redis: address }: Config): Promise<void> {
  const redis = connect(address, 'briefly', () => {});
  const key = `oven:proof:${randomUUID()}`;
  try {
    await redis.set(key, key, 'EX', 60);
    const kept = await redis.get(key);
    await redis.del(key);
    if (kept !== key) throw new Error('Redis did not keep what it was given.');
  } finally {
    redis.disconnect();
  }
}

/** How often a proof is tried, and the milliseconds before the next attempt. */
const ATTEMPTS = 5;
const PAUSE_MS = 1000;

/** A candidate can't do something for good. The message is one line for whoever releases it. */
export class UnfitError extends Error {
  override readonly name = 'UnfitError';
}

export interface RunChecksOptions {
  readonly signal: AbortSignal;
  readonly onPassed: (name: string) => void;
  readonly pauseMs?: number;
}

/** Goes through the proofs at once. What fails for a moment is tried again; throws UnfitError for what fails for good. */
export async function runChecks(proofs: readonly StartupCheck[], options: RunChecksOptions): Promise<void> {
  await Promise.all(
    proofs.map(async (proof) => {
      await runCheck(proof, options);
      options.onPassed(proof.name);
    }),
  );
}

async function runCheck(
  { name, run: attempt }: StartupCheck,
  { signal, pauseMs = PAUSE_MS }: RunChecksOptions,
) {
  for (let tried = 1; ; tried += 1) {
    try {
      signal.throwIfAborted();
      return await attempt();
    } catch (cause) {
      signal.throwIfAborted();
      if (tried < ATTEMPTS && !isPermanent(cause)) {
        await delay(pauseMs, undefined, { signal });
        continue;
      }
      throw new UnfitError(`This release is not fit to run here: ${name}: ${reasonOf(cause)}`, { cause });
    }
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed.';
  const { code } = error as { code?: unknown };
  const line = error.message.split('\n', 1)[0] ?? '';
  return typeof code === 'string' ? `${line} [${code}]` : line;
}
