import { OUTPUT_KINDS, type OutputKind, outputName } from '../bake/outputs.ts';
import { SLUG } from '../lib/ids.ts';

const CONTENT_TYPES: Readonly<Record<OutputKind, string>> = {
  mp4: 'video/mp4',
  thumbnail: 'image/jpeg',
  webm: 'video/webm',
  gif: 'image/gif',
  webp: 'image/webp',
};

/** How long anybody may keep a file: five minutes, since baking a tape again replaces its bytes. */
export const CACHE_CONTROL = 'public, max-age=300';

export function contentType(kind: OutputKind): string {
  return CONTENT_TYPES[kind];
}

/** Where an output of a tape is stored. Throws TypeError for a name that no slug could be, above all for one that leads elsewhere. */
export function keyFor(name: string, kind: OutputKind): string {
  if (!SLUG.test(name)) throw new TypeError('not a name of files');
  return `tapes/${outputName(name, kind)}`;
}

/** Every key that a name may have. */
export function keysFor(name: string): string[] {
  return OUTPUT_KINDS.map((kind) => keyFor(name, kind));
}
