import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { deserialize, serialize } from 'node:v8';

interface Stored {
  readonly run: string;
  readonly results: Map<string, unknown>;
}

/** The results of a run, in a file, so that a run that was interrupted can go on. */
export class ResultStore {
  readonly #file: string;
  readonly #run: string;
  readonly #results: Map<string, unknown>;

  private constructor(file: string, run: string, results: Map<string, unknown>) {
    this.#file = file;
    this.#run = run;
    this.#results = results;
  }

  /** Opens the results of `file`. They are empty unless `keep` is set and they are of the same run: what was compared, and how. */
  static async open(file: string, run: string, keep: boolean): Promise<ResultStore> {
    // This form, unlike JSON, has infinity.
    const known: Stored | undefined = keep
      ? await readFile(file).then(deserialize, () => undefined)
      : undefined;
    return new ResultStore(file, run, known?.run === run ? known.results : new Map());
  }

  /** What `measure` gives, or gave in the earlier run. */
  async once<T>(section: string, tape: string, measure: () => Promise<T>): Promise<T> {
    const key = `${section}/${tape}`;
    const known = this.#results.get(key);
    if (known !== undefined) return known as T;
    const result = await measure();
    this.#results.set(key, result);
    await mkdir(dirname(this.#file), { recursive: true });
    await writeFile(this.#file, serialize({ run: this.#run, results: this.#results } satisfies Stored));
    return result;
  }
}
