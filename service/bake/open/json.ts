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

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);
const CAPITAL_I = 0x49;
const CAPITAL_N = 0x4e;
const NOT_A_NUMBER = /NaN|-?Infinity/y;

/** One pass over the text: bounds its depth and values, and quotes the words that stand for numbers. */
function prepare(text: string, most: number): string {
  let values = 0;
  let depth = 0;
  let isString = false;
  let done = 0;
  const parts: string[] = [];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isString) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) isString = false;
    } else if (code === QUOTE) isString = true;
    else if (OPENING.has(code)) {
      if (++depth > DEPTH) throw new JsonBoundError(`is nested more than ${DEPTH} deep`);
    } else if (CLOSING.has(code)) depth--;
    else if (code === COMMA) {
      if (++values > most) throw new JsonBoundError(`has more than ${most} values`);
    } else if (code === CAPITAL_N || code === CAPITAL_I) {
      NOT_A_NUMBER.lastIndex = text[at - 1] === '-' ? at - 1 : at;
      const word = NOT_A_NUMBER.exec(text);
      if (!word) continue;
      parts.push(text.slice(done, word.index), JSON.stringify(word[0]));
      done = word.index + word[0].length;
      at = done - 1;
    }
  }
  return parts.join('') + text.slice(done);
}
