/** Keeps the state of the alerts in Redis, for all processes; while Redis is away, in this process. */
import type { Redis } from 'ioredis';
import { waitAtMost } from '../lib/deadline.ts';
import { type AlertState, mergeAlerts, NO_ALERTS } from './state.ts';

export interface AlertStore {
  /** Replaces the state by that of `change`, which may be called several times, and returns what it returned. Never throws. */
  update<T extends { readonly state: AlertState }>(change: (state: AlertState) => T): Promise<T>;
}

/** Replaces a value only if nobody else has meanwhile. */
const REPLACE = `if (redis.call("get", KEYS[1]) or "") ~= ARGV[1] then return 0 end
redis.call("set", KEYS[1], ARGV[2], "PX", ARGV[3])
return 1`;
const KEEP_MS = 7 * 86_400_000;
const ATTEMPTS = 5;

class ConflictError extends Error {
  override readonly name = 'ConflictError';
}

/** Opens the state below `key`. `waitMs`: how long Redis may take to answer before the process goes on alone. */
export function openAlertStore(redis: Pick<Redis, 'get' | 'eval'>, key: string, waitMs = 1000): AlertStore {
  /** The last text that Redis had, and what this process made of it since Redis does not answer. */
  let last = '';
  let own: AlertState | undefined;

  const inRedis = async <T extends { readonly state: AlertState }>(change: (state: AlertState) => T) => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const text = await inTime(
        waitMs,
        redis.get(key).then((value) => value ?? ''),
      );
      const shared = read(text);
      const before = own === undefined ? shared : text === last ? own : mergeAlerts(shared, own);
      const result = change(before);
      const next = JSON.stringify(result.state);
      const isNew = next !== text && next !== JSON.stringify(NO_ALERTS);
      const isKept = !isNew || (await inTime(waitMs, redis.eval(REPLACE, 1, key, text, next, KEEP_MS))) === 1;
      if (!isKept) continue;
      last = isNew ? next : text;
      own = undefined;
      return result;
    }
    throw new ConflictError('Others change the state of the alerts all the time.');
  };
  return {
    update: async (change) => {
      try {
        return await inRedis(change);
      } catch {
        const result = change(own ?? read(last));
        own = result.state;
        return result;
      }
    },
  };
}

function inTime<T>(ms: number, work: Promise<T>): Promise<T> {
  return waitAtMost<T, never>(ms, work, () => {
    throw new Error(`Redis did not answer within ${ms} ms.`);
  });
}

/** A state of another version begins anew. */
function read(text: string): AlertState {
  try {
    const state = JSON.parse(text) as AlertState;
    return state.version === NO_ALERTS.version ? { ...NO_ALERTS, ...state } : NO_ALERTS;
  } catch {
    return NO_ALERTS;
  }
}
