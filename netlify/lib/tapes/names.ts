import type { Tape } from './tape.ts';

/*
 * Names as Oven's service has them. The functions repeat them, since sites take netlify/functions and netlify/lib without the service; a
 * test holds them against its tables.
 */

/** A slug or code, as part of a pattern. */
export const SLUG_PATTERN = '[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}';
export const SLUG = new RegExp(`^${SLUG_PATTERN}$`);
/** The ends of the names of a tape's MP4 and thumbnail. */
export const ENDINGS = { mp4: '.mp4', thumbnail: '-thumb.jpg' };

type Named = Pick<Tape, 'slug' | 'user'>;

/** The slug for Oven: the part after the slash, because a draft of a user has the slug `SUB/ID`. */
export function ovenSlug({ slug }: Pick<Tape, 'slug'>): string {
  return slug.slice(slug.lastIndexOf('/') + 1);
}

/** Both forms of a slug in a user's document. */
export function slugForms({ slug, user }: Named): string[] {
  const bare = ovenSlug({ slug });
  return user === undefined ? [slug] : [bare, `${user}/${bare}`];
}

/** Whether Oven must name a tape's files by its code: readers do not know the ID of a draft. */
export function namedByCode({ slug }: Pick<Tape, 'slug'>): boolean {
  return slug.includes('/');
}

/** The NAME in a URL of Oven's storage (`tapes/NAME.mp4`); undefined for a URL of another place. */
export function storedName(bases: readonly URL[], url: unknown): string | undefined {
  if (typeof url !== 'string') return undefined;
  const below = bases.map((base) => `${base.href.replace(/\/$/, '')}/tapes/`);
  const start = below.find((prefix) => url.startsWith(prefix));
  if (start === undefined) return undefined;
  const file = url.slice(start.length);
  const ending = Object.values(ENDINGS).find((one) => file.endsWith(one));
  if (ending === undefined) return undefined;
  const name = file.slice(0, -ending.length);
  return SLUG.test(name) ? name : undefined;
}

/** A file name that a tape may have. `unowned`: also a file without an owner belongs to this tape. */
export interface FileName {
  readonly name: string;
  readonly unowned: boolean;
}

/**
 * Every name that Oven or the older oven may have given a tape's files. The older one wrote no owner. A file with the tape's code, which is
 * unique, or with the name in the document is the tape's. A file that only has its slug may be another tape's.
 */
export function fileNames(bases: readonly URL[], tape: Tape): FileName[] {
  const linked = storedName(bases, tape.mp4Url);
  const names = new Set([ovenSlug(tape), tape.code, ...(linked === undefined ? [] : [linked])]);
  return [...names]
    .filter((name) => typeof name === 'string' && SLUG.test(name))
    .map((name) => ({ name, unowned: name === tape.code || name === linked }));
}
