import type { Tape } from './tape.ts';

type Named = Pick<Tape, 'slug' | 'user'>;

/** The slug that Oven knows a tape by: documents of users' drafts have `SUB/ID`. */
export function ovenSlug({ slug }: Pick<Tape, 'slug'>): string {
  return slug.slice(slug.lastIndexOf('/') + 1);
}

/** Both ways in which a user's document may have its slug. */
export function slugForms({ slug, user }: Named): string[] {
  const bare = ovenSlug({ slug });
  return user === undefined ? [slug] : [bare, `${user}/${bare}`];
}

/** Whether Oven names a tape's files by its code whatever it is set up to: an ID is no name that readers know. */
export function namedByCode({ slug }: Pick<Tape, 'slug'>): boolean {
  return slug.includes('/');
}

/** The name under which Oven's storage has the MP4 of a URL (`tapes/NAME.mp4`); undefined for a URL that leads elsewhere. */
export function storedName(bases: readonly URL[], url: unknown): string | undefined {
  if (typeof url !== 'string') return undefined;
  const below = bases.map((base) => `${base.href.replace(/\/$/, '')}/tapes/`);
  const start = below.find((prefix) => url.startsWith(prefix));
  const [, name] = /^([\w-][\w.-]{0,63}?)(?:\.mp4|-thumb\.jpg)$/.exec(url.slice(start?.length ?? 0)) ?? [];
  return start === undefined ? undefined : name;
}

/** A name that files of a tape may have, and whether files that say nothing of their owner are its, too. */
export interface FileName {
  readonly name: string;
  readonly unowned: boolean;
}

/**
 * Every name that Oven, or the oven before it, may have given a tape's files. The older one wrote no owner: what has a code,
 * which is unique, or is named by the document is the tape's; what only has its slug may be another's.
 */
export function fileNames(bases: readonly URL[], tape: Tape): FileName[] {
  const linked = storedName(bases, tape.mp4Url);
  const names = new Set([ovenSlug(tape), tape.code, ...(linked === undefined ? [] : [linked])]);
  return [...names]
    .filter((name) => typeof name === 'string' && /^[\w-][\w.-]{0,63}$/.test(name))
    .map((name) => ({ name, unowned: name === tape.code || name === linked }));
}
