import { randomUUID } from 'node:crypto';
import type { Config } from '../config.ts';
import { connect } from '../queue/connection.ts';
import type { Art } from '../storage/art.ts';
import type { Blobs } from '../storage/blobs.ts';
import { proveBakes } from './bakes.ts';

/** Something a candidate shows that it can do. */
export interface Proof {
  readonly name: string;
  /** Throws what is in the way. */
  readonly prove: () => Promise<void>;
}

/** All that a release needs in order to bake a tape here. */
export function proofsOf(config: Config, { art, blobs }: { art: Art; blobs: Blobs }): Proof[] {
  return [
    { name: 'Redis', prove: () => proveRedis(config) },
    { name: 'the bucket of tapes', prove: () => art.check() },
    { name: 'the bucket of videos', prove: () => blobs.check() },
    ...(config.blobs.cdn ? [{ name: 'the CDN', prove: () => blobs.check(lookThrough) }] : []),
    { name: 'a bake', prove: () => proveBakes(config) },
  ];
}

/** Milliseconds for the CDN's answer: less than for the whole of the check. */
const CDN_MS = 8000;

/** The CDN is made by hand, and a video's URL that leads nowhere is found only by whoever watches it. */
async function lookThrough(url: string, content: string): Promise<void> {
  const seen = await fetch(url, { signal: AbortSignal.timeout(CDN_MS) }).then(
    async (answer) =>
      answer.ok && (await answer.text()) === content ? undefined : `status ${answer.status}`,
    (error: Error) => ((error.cause as Error | undefined) ?? error).message,
  );
  if (seen !== undefined)
    throw new Error(`${new URL(url).host} (AT_BLOBS_CDN) does not give out what the bucket has: ${seen}.`);
}

/** A write, and not only an answer: a Redis whose disk is full answers still. */
async function proveRedis({ redis: address }: Config): Promise<void> {
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
