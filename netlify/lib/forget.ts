import type { Deadline } from './deadline.ts';
import { json, tryLater } from './http.ts';
import { tryPurge } from './purge.ts';
import type { Services } from './services.ts';
import { idOf, type Part } from './tapes/tape.ts';

/** What was removed of a user's tapes. */
export interface Forgotten {
  readonly tapes: number;
  /** Tapes of which something stays that is not Oven's: the ZIP, a video of another place, a record whose account is gone. */
  readonly stays: readonly {
    readonly code: string;
    readonly slug: string;
    readonly stays: readonly Part[];
  }[];
}

/**
 * Takes files, records, history and queued work of all tapes of a user away, adopted or not. The documents are nuked and stay; call it before
 * they and the user's account at the PDS are deleted. Throws 503 when not everything could be removed yet: the same call goes on.
 */
export async function forgetTapes(services: Services, user: string, deadline: Deadline): Promise<Forgotten> {
  const { log, oven, tapes } = services;
  if (oven === undefined) throw tryLater('NOT_CONFIGURED', 'OVEN_URL or its secret is not set.', 300);
  const stays: Forgotten['stays'][number][] = [];
  let left = 0;
  const all = await tapes.ofUser(user);
  for (const { _id, code, slug } of all) {
    const id = idOf({ _id });
    await tapes.nuke(id);
    const before = await tapes.find(id);
    if (before?.oven?.purge?.done !== true && !deadline.signal.aborted)
      await tryPurge(services, id, deadline);
    const { done = false, stays: rest = [] } = (await tapes.find(id))?.oven?.purge ?? {};
    if (!done) left += 1;
    else if (rest.length > 0) stays.push({ code, slug, stays: rest });
  }
  log('info', 'TAPES_FORGOTTEN', { tapes: all.length, left });
  if (left > 0) {
    throw tryLater('NOT_PURGED', `${left} of ${all.length} tapes are not removed yet; ask again.`, 10);
  }
  return { tapes: all.length, stays };
}

/** The answer of the function: {tapes, stays}. */
export async function forgetTapesOf(services: Services, user: string, deadline: Deadline): Promise<Response> {
  return json(200, await forgetTapes(services, user, deadline));
}
