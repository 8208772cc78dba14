import type { Config } from './config.ts';
import { HttpError, tryLater } from './errors.ts';
import { ovenSlug } from './tapes/names.ts';
import type { Tape } from './tapes/tape.ts';

/** Oven takes no larger ones. */
const MAX_ZIP_BYTES = 256 * 1024 * 1024;

/** Where the ZIP of a tape is. */
export function zipUrl(zips: Config['zips'], tape: Pick<Tape, 'slug' | 'user' | 'bucket'>): URL {
  const bucket = tape.bucket ?? (tape.user ? zips.user.name : zips.guest.name);
  const { url } = bucket === zips.user.name ? zips.user : zips.guest;
  const key = tape.user ? [tape.user, ovenSlug(tape)] : tape.slug.split('/');
  return new URL(`${url.href.replace(/\/$/, '')}/${key.map(encodeURIComponent).join('/')}.zip`);
}

/** Whether there is a ZIP. Throws 413 for one that is too large, and 503 when the storage doesn't say. */
export async function hasZip(url: URL, signal: AbortSignal): Promise<boolean> {
  const answer = await fetch(url, { method: 'HEAD', signal, redirect: 'error' }).catch((cause: unknown) => {
    throw tryLater('STORAGE_UNAVAILABLE', 'The storage doesn’t answer just now.', 5, cause);
  });
  // A bucket that may not be listed says 403 for what it doesn't have.
  if (answer.status === 404 || answer.status === 403) return false;
  if (!answer.ok) {
    throw tryLater('STORAGE_UNAVAILABLE', `The storage answers ${answer.status} just now.`, 5);
  }
  const bytes = Number(answer.headers.get('content-length') ?? Number.NaN);
  if (bytes > MAX_ZIP_BYTES) throw new HttpError(413, 'ZIP_TOO_LARGE', 'A tape may have 256 MB.');
  return bytes !== 0;
}
