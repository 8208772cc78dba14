import type { Deadline } from './deadline.ts';
import { HttpError } from './errors.ts';
import { json } from './http.ts';
import type { Identity } from './identity.ts';
import type { Services } from './services.ts';
import { submit } from './submit.ts';
import { unpublish } from './unpublish.ts';

/** Takes a user's tape down: record, files, history; or back, to be baked anew. What can't be done now is done later. */
export async function nuke(
  services: Services,
  { slug, nuke }: { slug: string; nuke: boolean },
  who: Identity,
  deadline: Deadline,
): Promise<Response> {
  if (who.kind !== 'user') throw new HttpError(401, 'LOGIN_NEEDED', 'Log in to take a tape down.');
  const { tapes } = services;
  const tape = await tapes.findBySlug(slug, who.sub);
  if (tape === undefined) throw new HttpError(404, 'TAPE_UNKNOWN', 'There is no such tape of yours.');
  const id = tape._id.toHexString();
  if ((tape.nuked ?? false) === nuke) return json(200, { slug, nuked: nuke });
  if (!nuke && tape.purge?.done === false) {
    // Bringing it back now could be undone by the purge that is still to come.
    throw new HttpError(409, 'STILL_PURGING', 'The tape is still being removed.', {
      headers: { 'retry-after': '600' },
    });
  }
  await tapes.setNuked(id, nuke);
  const now = await tapes.find(id);
  if (now === undefined) throw new HttpError(404, 'TAPE_UNKNOWN', 'There is no such tape of yours.');
  if (nuke) return json(200, { slug, nuked: true, purged: await unpublish(services, id, deadline) });
  await submit(services, now, deadline);
  return json(200, { slug, nuked: false });
}
