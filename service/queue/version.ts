/**
 * The version of what this release writes into Redis. While releases are rolled, two of them share a queue; so a release reads what
 * the one before and the one after write. Redis keeps the highest version that ever worked on the queue, and a release that is too
 * old for it does not start.
 */
import type { Redis } from 'ioredis';
import { ERRORS } from '../errors.ts';
import { keys } from './store.ts';

/** Raise it when the release before can not read what this one writes, or misreads it. New fields that may be left out do not count. */
export const DATA_VERSION = 1;

const CLAIM = `
local kept = tonumber(redis.call('GET', KEYS[1]) or '0')
local own = tonumber(ARGV[1])
if kept > own + 1 then return 0 end
if kept < own then redis.call('SET', KEYS[1], own) end
return 1
`;

/** The queue has jobs that this release can not read. */
export class QueueNewerError extends Error {
  override readonly name = 'QueueNewerError';
  readonly code = 'QUEUE_NEWER';

  constructor() {
    super(`${ERRORS.QUEUE_NEWER.message} ${ERRORS.QUEUE_NEWER.action}`);
  }
}

/** Enters this release's version. Throws QueueNewerError if the queue is newer by more than one. */
export async function claimVersion(redis: Redis, prefix: string, own = DATA_VERSION): Promise<void> {
  if ((await redis.eval(CLAIM, 1, keys.version(prefix), own)) !== 1) throw new QueueNewerError();
}

/** Throws QueueNewerError as well, and enters nothing. */
export async function checkVersion(redis: Redis, prefix: string, own = DATA_VERSION): Promise<void> {
  if (Number(await redis.get(keys.version(prefix))) > own + 1) throw new QueueNewerError();
}
