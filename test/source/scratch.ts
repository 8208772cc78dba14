import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of one test file. */
export interface Scratch {
  readonly root: string;
  /** A new name in the folder. */
  file(): string;
  /** Names of the files in the folder. */
  left(): Promise<string[]>;
  empty(): Promise<void>;
  remove(): Promise<void>;
}

export async function scratch(): Promise<Scratch> {
  const root = await mkdtemp(join(tmpdir(), 'oven-test-'));
  let files = 0;
  return {
    root,
    file: () => {
      files += 1;
      return join(root, `file-${files}`);
    },
    left: async () => (await readdir(root)).sort(),
    empty: async () => {
      for (const name of await readdir(root)) await rm(join(root, name), { recursive: true, force: true });
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}
