import { SLUG } from '../../lib/ids.ts';

/** Arrays and objects within each other: a tape's are two or three deep. */
const DEPTH = 32;

/** JSON that is larger than any tape's. Its message goes on after the name of a file. */
export class JsonBoundError extends Error {
  override readonly name = 'JsonBoundError';
}

/**
 * Parses JSON in UTF-8 or UTF-16, with or without a byte order mark. NaN and Infinity, which JSON doesn't have but some
 * writers write, become those words as strings. Throws SyntaxError; and JsonBoundError for what is nested too deeply or
 * has more than `most` values, since parsing that could hold the process for seconds.
 */
export function parseJson(bytes: Buffer, most: number): unknown {
  return JSON.parse(prepare(decode(bytes), most));
}

function decode(bytes: Buffer): string {
  return new TextDecoder(encodingOf(bytes)).decode(bytes); // drops the mark
}

/** JSON begins with an ASCII character, or a mark: where the zero is tells the encoding. */
function encodingOf([first, second]: Buffer): string {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== undefined)) return 'utf-16be';
  return 'utf-8';
}

const NOT_A_NUMBER = /NaN|-?Infinity/y;

/** One pass over the text: bounds its depth and values, and quotes the words that stand for numbers. */
function prepare(text: string, most: number): string {
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
        if (++values > most) throw new JsonBoundError(`has more than ${most} values`);
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > DEPTH) throw new JsonBoundError(`is nested more than ${DEPTH} deep`);
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

/** Where the string that begins at `at` ends: at its closing quote, or with the text. */
function endOfString(text: string, at: number): number {
  for (let end = at + 1; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === 0x22) return end;
    if (code === 0x5c) end++; // what follows \ closes nothing
  }
  return text.length;
}

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
