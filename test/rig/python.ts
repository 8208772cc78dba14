import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { execa } from 'execa';
import type { Found } from './go.ts';

/**
 * Finds a program that is had as a Python package, of its name unless told, put in a folder of its own at the first use; or says
 * why there is none.
 */
export async function findPythonProgram(name: string, version: string, pack = name): Promise<Found> {
  const folder = resolve(import.meta.dirname, '../../.cache', `${name}-${version}`);
  const program = resolve(folder, 'bin', name);
  const isThere = () =>
    access(program).then(
      () => true,
      () => false,
    );
  if (await isThere()) return { program };
  const how = { reject: false, timeout: 240_000, stdin: 'ignore' } as const;
  const made = await execa('python3', ['-m', 'venv', folder], how);
  if (made.failed) return { gap: 'there is no python3 with venv' };
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `${pack}==${version}`];
  await execa(resolve(folder, 'bin/python'), pip, how);
  return (await isThere()) ? { program } : { gap: `${name} can not be installed` };
}
