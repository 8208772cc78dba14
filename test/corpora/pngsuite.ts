import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('pngsuite/', import.meta.url);

/** A file of PngSuite, Willem van Schaik's collection of every kind of PNG (pngsuite/README.md). */
export interface SuiteFile {
  readonly name: string;
  readonly bytes: Buffer;
  /** Whether it is a picture: those whose names begin with x are broken in ways that a decoder must notice. */
  readonly valid: boolean;
  /** Pixels, as the header says. */
  readonly size: string;
}

/** All of its files, by name. */
export function pngSuite(): SuiteFile[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.png'));
  return names.sort().map((name) => {
    const bytes = readFileSync(new URL(name, FOLDER));
    const size = `${bytes.readUInt32BE(16)}×${bytes.readUInt32BE(20)}`;
    return { name, bytes, valid: !name.startsWith('x'), size };
  });
}
