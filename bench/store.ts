import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { TapeResult } from './results.ts';

/** The results of a run, in a file, so that a run that was interrupted can go on. */
export class ResultStore {
  readonly #file: string;
  readonly #results: Map<string, TapeResult>;

  private constructor(file: string, results: Map<string, TapeResult>) {
    this.#file = file;
    this.#results = results;
  }

  /** Opens the results of `file`, or none when the run begins anew. */
  static async open(file: string, keep: boolean): Promise<ResultStore> {
    // This form, unlike JSON, has infinity.
    const known = keep ? await readFile(file).then(deserialize, () => undefined) : undefined;
    return new ResultStore(file, known ?? new Map());
  }

  get(section: string, tape: string): TapeResult | undefined {
    return this.#results.get(`${section}/${tape}`);
  }

  async set(section: string, result: TapeResult): Promise<void> {
    this.#results.set(`${section}/${result.tape}`, result);
    await mkdir(dirname(this.#file), { recursive: true });
    await writeFile(this.#file, serialize(this.#results));
  }
}
