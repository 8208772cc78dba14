import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { catalogue, type TapeName } from './catalogue.ts';
import { makeTape, type TapeFacts, type TapeSpec } from './make.ts';

/** The facts of a tape, and whether it was made just now. */
export type CachedTape = TapeFacts & { made: boolean };

/** Gives a tape of the catalogue as `dir/NAME.zip`, and makes it where it is missing. */
export function cachedTape(name: TapeName, dir: string): Promise<CachedTape> {
  return cachedSpec(name, catalogue[name], dir);
}

/**
 * Gives a tape as `dir/NAME.zip`, and makes it where it is missing or has another specification. Its facts are beside it in `NAME.json`.
 * Empty the folder after a change of a scene's drawing.
 */
export async function cachedSpec(name: string, spec: TapeSpec, dir: string): Promise<CachedTape> {
  const path = join(dir, `${name}.zip`);
  const known = await readFacts(join(dir, `${name}.json`));
  const there = await stat(path).then(
    () => true,
    () => false,
  );
  if (known && there && isDeepStrictEqual(known.spec, spec)) return { ...known.facts, path, made: false };
  const facts = await makeTape(path, spec);
  const part = join(dir, `${name}.${process.pid}.part`);
  await writeFile(part, JSON.stringify({ spec, facts }));
  await rename(part, join(dir, `${name}.json`));
  return { ...facts, made: true };
}

async function readFacts(path: string): Promise<{ spec: TapeSpec; facts: TapeFacts } | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}
