import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE, type Changes, change, copyParts, PARTS, ROOT } from '../deploy/trees.ts';

/** A copy of the program and of what it releases, in which everything may be changed. */
export interface ProgramCopy {
  readonly folder: string;
  /** Makes the code what it is in the repository, but for these changes. */
  become(changes: Changes): Promise<void>;
}

/** What the program is, besides what it releases. */
const PROGRAM = ['infra', 'cloud-init', 'Pulumi.yaml', 'tsconfig.json'];

/** Copies the program; packages and finished releases stay the repository's. */
export async function copyProgram(folder: string): Promise<ProgramCopy> {
  await mkdir(folder);
  await copyParts([...PROGRAM, ...PARTS], folder);
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await mkdir(join(folder, '.cache'));
  await mkdir(CACHE, { recursive: true });
  await symlink(CACHE, join(folder, '.cache', 'release'));
  return {
    folder,
    become: async (changes) => {
      await copyParts(PARTS, folder);
      await change(folder, changes);
    },
  };
}
