import { bringBack } from './bring-back.ts';
import type { Deadline } from './deadline.ts';
import { HttpError } from './errors.ts';
import { json } from './http.ts';
import type { Identity } from './identity.ts';
import type { Services } from './services.ts';
import type { Tape } from './tapes/tape.ts';
import { unpublish } from './unpublish.ts';

/** Takes a user's tape down, or brings it back; says what was removed and what stays, or what comes back. */
export async function nuke(
  services: Services,
  { slug, nuke }: { slug: string; nuke: boolean },
  who: Identity,
  deadline: Deadline,
): Promise<Response> {
  if (who.kind !== 'user') throw new HttpError(401, 'LOGIN_NEEDED', 'Log in to take a tape down.');
  const tape = await services.tapes.findBySlug(slug, who.sub);
  if (tape === undefined) throw new HttpError(404, 'TAPE_UNKNOWN', 'There is no such tape of yours.');
  const said = nuke ? await takeOff(services, tape, deadline) : await bringBack(services, tape, deadline);
  return json(200, { slug, nuked: nuke, ...said });
}

/** Record, files, history. What can't be removed now is removed later. */
async function takeOff(services: Services, tape: Tape, deadline: Deadline): Promise<object> {
  const id = tape._id.toHexString();
  await services.tapes.nuke(id);
  const isDone = tape.nuked === true && tape.oven?.purge?.done === true;
  if (!isDone) await unpublish(services, id, deadline);
  const { done = false, removed = [], stays = [] } = (await services.tapes.find(id))?.oven?.purge ?? {};
  return { purged: done, removed, stays };
}
