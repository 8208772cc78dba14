import type { Redis } from 'ioredis';
import { keys } from './store.ts';

/** What is to become of a tape that may be running anywhere; 'purge' also drops its callback. */
export type StopRequest = 'cancel' | 'purge';

/** Leaves a mark for whoever runs the bake now or later, and tells those who run it now. */
export async function requestStop(
  redis: Redis,
  prefix: string,
  callbackId: string,
  mark: StopRequest,
  seconds: number,
): Promise<void> {
  await redis.set(keys.stopRequest(prefix, callbackId), mark, 'EX', seconds);
  await redis.publish(keys.stopChannel(prefix), callbackId);
}

/** Takes a mark back; whoever heeded it already has. */
export async function withdrawStop(redis: Redis, prefix: string, callbackId: string): Promise<void> {
  await redis.del(keys.stopRequest(prefix, callbackId));
}

/** The mark left, if any. */
export async function readStopRequest(
  redis: Redis,
  prefix: string,
  callbackId: string,
): Promise<StopRequest | undefined> {
  const mark = await redis.get(keys.stopRequest(prefix, callbackId));
  return mark === 'cancel' || mark === 'purge' ? mark : undefined;
}

/**
 * Calls `onMark` for each mark left from now on, and `onGap` whenever the connection came (back), as marks may have
 * been missed until then. `subscriber` is used for nothing else.
 */
export async function subscribeToStops(
  subscriber: Redis,
  prefix: string,
  onStop: (callbackId: string) => void,
  onGap: () => void,
): Promise<void> {
  subscriber.on('message', (_channel, callbackId) => onStop(callbackId));
  await subscriber.subscribe(keys.stopChannel(prefix));
  subscriber.on('ready', onGap);
}
