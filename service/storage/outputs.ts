import { OUTPUT_KINDS, type OutputKind, outputName } from '../bake/outputs.ts';

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

/** Where an output of a tape is stored. Throws TypeError for what is no slug, above all for one that leads elsewhere. */
export function keyFor(slug: string, kind: OutputKind): string {
  if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/.test(slug)) throw new TypeError('not a slug');
  return `tapes/${outputName(slug, kind)}`;
}

/** Every key that a slug may have. */
export function keysFor(slug: string): string[] {
  return OUTPUT_KINDS.map((kind) => keyFor(slug, kind));
}
