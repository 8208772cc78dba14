import { fileType, fileTypes, OUTPUT_KINDS, type OutputKind, type StillFormat } from '../bake/outputs.ts';
import { SLUG } from '../lib/ids.ts';
import type { Acl } from '../schemas/request.ts';

/** Who may keep a file, and how long: five minutes, since baking a tape again replaces its bytes. */
export const CACHE_CONTROL: Readonly<Record<Acl, string>> = {
  'public-read': 'public, max-age=300',
  private: 'private, max-age=300',
};

/** The key of an output in the bucket. Throws TypeError for a name that no slug can be, above all for one that leads elsewhere. */
export function keyFor(name: string, kind: OutputKind, format?: StillFormat): string {
  return `${prefixOf(name)}${fileType(kind, format).ending}`;
}

/** All keys that a name can have. */
export function keysFor(name: string): string[] {
  return OUTPUT_KINDS.flatMap((kind) => fileTypes(kind).map(({ ending }) => `${prefixOf(name)}${ending}`));
}

function prefixOf(name: string): string {
  if (!SLUG.test(name)) throw new TypeError('not a name of files');
  return `tapes/${name}`;
}
