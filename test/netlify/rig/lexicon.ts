import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonToLex, lexToJson } from '@atproto/api';
import { Lexicons } from '@atproto/lexicon';

const FILE = join(import.meta.dirname, '../../../netlify/lexicons/computer.aesthetic.tape.json');

/** Checks records against the lexicon of tapes; `faults` is undefined for a good one. */
export function tapeLexicon() {
  const lexicons = new Lexicons([JSON.parse(readFileSync(FILE, 'utf8'))]);
  return {
    faults: (record: unknown): string | undefined => {
      const checked = lexicons.validate('computer.aesthetic.tape', jsonToLex(lexToJson(record as never)));
      return checked.success ? undefined : checked.error.message;
    },
  };
}
