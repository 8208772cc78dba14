import { SLUG } from '../../lib/ids.ts';

/** Arrays and objects within each other at most. Those of a tape are two or three deep. */
const MAX_DEPTH = 32;

/** Thrown for JSON that is larger than any tape's. The message continues a sentence that begins with the file's name. */
export class JsonBoundError extends Error {
  override readonly name = 'JsonBoundError';
}

/**
 * Parses JSON in UTF-8 or UTF-16, with or without a byte order mark. Some writers write NaN and Infinity, which are not JSON: they
 * become strings. Throws SyntaxError, or JsonBoundError for a text that is nested too deeply or has more than `maxValues` values, which
 * could take seconds to parse. Pure.
 */
export function parseJson(bytes: Buffer, maxValues: number): unknown {
  return JSON.parse(prepare(decode(bytes), maxValues));
}

function decode(bytes: Buffer): string {
  return new TextDecoder(encodingOf(bytes)).decode(bytes); // without the byte order mark
}

/** The encoding, by the place of the zero byte: JSON begins with an ASCII character or a byte order mark. */
function encodingOf([first, second]: Buffer): string {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== undefined)) return 'utf-16be';
  return 'utf-8';
}

const NOT_A_NUMBER = /NaN|-?Infinity/y;

/** Bounds depth and values in one pass over the text, and quotes NaN and Infinity. */
function prepare(text: string, maxValues: number): string {
  let values = 0;
  let depth = 0;
  let done = 0;
  const parts: string[] = [];
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(text, at);
        break;
      case 0x2c: // ,
        if (++values > maxValues) throw new JsonBoundError(`has more than ${maxValues} values`);
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > MAX_DEPTH) throw new JsonBoundError(`is nested more than ${MAX_DEPTH} deep`);
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
      case 0x49: // I
      case 0x4e: {
        // N
        NOT_A_NUMBER.lastIndex = text[at - 1] === '-' ? at - 1 : at;
        const word = NOT_A_NUMBER.exec(text);
        if (!word) break;
        parts.push(text.slice(done, word.index), JSON.stringify(word[0]));
        done = word.index + word[0].length;
        at = done - 1;
      }
    }
  }
  return parts.length === 0 ? text : parts.join('') + text.slice(done);
}

/** The end of the string that begins at `at`: its closing quote, or the end of the text. */
function endOfString(text: string, at: number): number {
  for (let end = at + 1; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === 0x22) return end;
    if (code === 0x5c) end++; // the character after \ closes nothing
  }
  return text.length;
}

/** The useful parts of metadata.json. A stranger wrote them, so they are never trusted. */
export interface TapeMetadata {
  /** Name of the recorded piece, as the user typed it. */
  readonly piece?: string;
  readonly slug?: string;
  /** Length of the tape by the recorder: seconds, or milliseconds in its older download. */
  readonly total?: number;
}

/** The most values. The recorder writes about ten, and two for each change of piece. */
const MAX_METADATA_VALUES = 10_000;
const PIECE = /^[^\p{C}\p{Zl}\p{Zp}]{1,256}$/u;

/** Reads metadata.json. No tape needs it, so a field that can't be read, or has an unexpected form, is left out. Pure. */
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
    const value = parseJson(bytes, MAX_METADATA_VALUES);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
