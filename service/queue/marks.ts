import type { Redis } from 'ioredis';
import { keys } from './store.ts';

/** What is to become of a tape that may be running anywhere; 'purge' also drops its callback. */
export type Mark = 'cancel' | 'purge';

/** Leaves a mark for whoever runs the bake now or later, and tells those who run it now. */
export async function leaveMark(
  redis: Redis,
  prefix: string,
  callbackId: string,
  mark: Mark,
  seconds: number,
): Promise<void> {
  await redis.set(keys.mark(prefix, callbackId), mark, 'EX', seconds);
  await redis.publish(keys.marks(prefix), callbackId);
}

/** Takes a mark back; whoever heeded it already has. */
export async function dropMark(redis: Redis, prefix: string, callbackId: string): Promise<void> {
  await redis.del(keys.mark(prefix, callbackId));
}

/** The mark left, if any. */
export async function readMark(redis: Redis, prefix: string, callbackId: string): Promise<Mark | undefined> {
  const mark = await redis.get(keys.mark(prefix, callbackId));
  return mark === 'cancel' || mark === 'purge' ? mark : undefined;
}

/**
 * Calls `onMark` for each mark left from now on, and `onGap` whenever the connection came (back), as marks may have
 * been missed until then. `subscriber` is used for nothing else.
 */
export async function watchMarks(
  subscriber: Redis,
  prefix: string,
  onMark: (callbackId: string) => void,
  onGap: () => void,
): Promise<void> {
  subscriber.on('message', (_channel, callbackId) => onMark(callbackId));
  await subscriber.subscribe(keys.marks(prefix));
  subscriber.on('ready', onGap);
}
