/** Stop requests: how a cancel or a purge reaches the worker that runs the job, on any host, now or later. */
import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { keys } from './store.ts';

/** 'cancel' stops the bake; 'purge' stops the bake, and its callback too. */
export type StopRequest = 'cancel' | 'purge';

/** Keeps a stop request for so many seconds, and announces it to all workers. */
export async function requestStop(
  redis: Redis,
  prefix: string,
  callbackId: string,
  request: StopRequest,
  seconds: number,
): Promise<void> {
  await redis.set(keys.stopRequest(prefix, callbackId), request, 'EX', seconds);
  await redis.publish(keys.stopChannel(prefix), callbackId);
}

/** Moves a cancelled bake to the front of the queue, where the next free worker ends it. Does nothing if a worker has it. */
export async function moveToFront(job: Job, state: string): Promise<void> {
  if (state === 'delayed') await job.promote().catch(() => {});
  if (state !== 'active') await job.changePriority({ priority: 0, lifo: true }).catch(() => {});
}

/** Takes a stop request back; a worker may have followed it already. */
export async function withdrawStop(redis: Redis, prefix: string, callbackId: string): Promise<void> {
  await redis.del(keys.stopRequest(prefix, callbackId));
}

export async function readStopRequest(
  redis: Redis,
  prefix: string,
  callbackId: string,
): Promise<StopRequest | undefined> {
  const request = await redis.get(keys.stopRequest(prefix, callbackId));
  return request === 'cancel' || request === 'purge' ? request : undefined;
}

/**
 * Calls `onStop` for each stop request from now on, and `onReconnect` whenever the connection is back, since requests may
 * have been missed until then. `subscriber` is a connection that does nothing else.
 */
export async function subscribeToStops(
  subscriber: Redis,
  prefix: string,
  onStop: (callbackId: string) => void,
  onReconnect: () => void,
): Promise<void> {
  subscriber.on('message', (_channel, callbackId) => onStop(callbackId));
  await subscriber.subscribe(keys.stopChannel(prefix));
  subscriber.on('ready', onReconnect);
}
