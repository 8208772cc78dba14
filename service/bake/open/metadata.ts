/** The few things of metadata.json that are of use. Whoever made the tape wrote them: they are never trusted. */
export interface TapeMetadata {
  /** Name of the piece that was recorded, as the user typed it. */
  readonly piece?: string;
  readonly slug?: string;
  /** How long the recorder says the tape is; not checked against anything. */
  readonly totalSeconds?: number;
}

const PIECE = /^[^\p{C}\p{Zl}\p{Zp}]{1,256}$/u;
const SLUG = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/** Reads metadata.json. It is only a help, so what can't be read, or isn't of the expected form, is as if absent. */
export function parseMetadata(bytes: Buffer | undefined): TapeMetadata {
  const { piece, slug, totalDuration } = readObject(bytes);
  return {
    ...(typeof piece === 'string' && PIECE.test(piece) && { piece }),
    ...(typeof slug === 'string' && SLUG.test(slug) && { slug }),
    ...(typeof totalDuration === 'number' &&
      Number.isFinite(totalDuration) &&
      totalDuration > 0 && { totalSeconds: totalDuration }),
  };
}

function readObject(bytes: Buffer | undefined): Record<string, unknown> {
  if (!bytes) return {};
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, ''));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
