import { FlowProducer, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { BakeData, BakeResult, CallbackData } from './job.ts';
import { connect, type RedisAddress } from './redis.ts';

export const BAKES = 'bakes';
export const CALLBACKS = 'callbacks';

/** What every part of the queue works on. */
export interface Store {
  readonly redis: Redis;
  readonly bakes: Queue<BakeData, BakeResult>;
  readonly callbacks: Queue<CallbackData, string>;
  readonly flows: FlowProducer;
  readonly prefix: string;
}

/** Opens both queues over one connection. */
export function openStore(address: RedisAddress, prefix: string, onError: (error: Error) => void): Store {
  const redis = connect(address, 'briefly', onError);
  // Nobody reads BullMQ's log of events, which holds every result and would grow to ten thousand.
  const streams = { events: { maxLen: 100 } };
  const options = { connection: redis, prefix, streams };
  const bakes = new Queue<BakeData, BakeResult>(BAKES, options);
  const callbacks = new Queue<CallbackData, string>(CALLBACKS, options);
  const flows = new FlowProducer(options);
  bakes.on('error', onError);
  callbacks.on('error', onError);
  flows.on('error', onError);
  loadScripts(redis, flows.waitUntilReady(), onError);
  return { redis, bakes, callbacks, flows, prefix };
}

/**
 * Has Redis know the scripts that add a flow, whenever a connection came. ioredis takes a script for loaded once it was sent, though it
 * was in a transaction that a full Redis refused unread; in later transactions it is then unknown, which BullMQ does not notice of
 * a child: the bake would be lost.
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

/** Closes the queues, then the connection that they share; a Redis that is gone does not hold it up. */
export async function closeStore({ redis, bakes, callbacks, flows }: Store): Promise<void> {
  await Promise.allSettled([bakes.close(), callbacks.close(), flows.close()]);
  redis.disconnect();
}

/** Names of the keys beside BullMQ's own. */
export const keys = {
  latest: (prefix: string, identity: string) => `${prefix}:latest:${identity}`,
  slug: (prefix: string, slug: string) => `${prefix}:slug:${slug}`,
  stopRequest: (prefix: string, callbackId: string) => `${prefix}:mark:${callbackId}`,
  stopChannel: (prefix: string) => `${prefix}:marks`,
  requeues: (prefix: string) => `${prefix}:renewals`,
  lock: (prefix: string, name: string) => `${prefix}:lock:${name}`,
};
