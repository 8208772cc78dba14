import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type SourceRig, startSource } from '../rig/source.ts';

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

/** A source and a folder for the tests around the call. Before each test the folder is empty, and the source was asked nothing. */
export function useSource(host?: string): { readonly source: SourceRig; readonly folder: Scratch } {
  let source: SourceRig;
  let folder: Scratch;
  beforeAll(async () => {
    source = await startSource(host);
    folder = await scratch();
  });
  beforeEach(async () => {
    await folder.empty();
    source.asked.length = 0;
  });
  afterAll(async () => {
    await source.stop();
    await folder.remove();
  });
  return {
    get source() {
      return source;
    },
    get folder() {
      return folder;
    },
  };
}
