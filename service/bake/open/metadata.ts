import { parseJson } from './json.ts';

/** The few things of metadata.json that are of use. Whoever made the tape wrote them: they are never trusted. */
export interface TapeMetadata {
  /** Name of the piece that was recorded, as the user typed it. */
  readonly piece?: string;
  readonly slug?: string;
  /** How long the recorder says the tape is: seconds, or milliseconds in its older download. */
  readonly total?: number;
}

/** The recorder writes about ten, and two for each change of piece. */
const VALUES = 10_000;
const PIECE = /^[^\p{C}\p{Zl}\p{Zp}]{1,256}$/u;
const SLUG = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/** Reads metadata.json. It is only a help, so what can't be read, or isn't of the expected form, is as if absent. */
export function parseMetadata(bytes: Buffer | undefined): TapeMetadata {
  const { piece, slug, totalDuration } = readObject(bytes);
  const total = typeof totalDuration === 'string' ? Number(totalDuration) : totalDuration;
  return {
    ...(typeof piece === 'string' && PIECE.test(piece) && { piece }),
    ...(typeof slug === 'string' && SLUG.test(slug) && { slug }),
    ...(typeof total === 'number' && Number.isFinite(total) && total > 0 && { total }),
  };
}

function readObject(bytes: Buffer | undefined): Record<string, unknown> {
  if (!bytes) return {};
  try {
    const value = parseJson(bytes, VALUES);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
