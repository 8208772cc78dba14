import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { execa } from 'execa';
import type { Found } from '../rig/go.ts';

const VERSION = '1.32.0';
const FOLDER = resolve(import.meta.dirname, '../../.cache', `zizmor-${VERSION}`);

/** The auditor of workflows, put in a folder of its own at the first use; or why there is none. */
export async function findZizmor(): Promise<Found> {
  const program = resolve(FOLDER, 'bin/zizmor');
  const isThere = () =>
    access(program).then(
      () => true,
      () => false,
    );
  if (await isThere()) return { program };
  const how = { reject: false, timeout: 240_000, stdin: 'ignore' } as const;
  const made = await execa('python3', ['-m', 'venv', FOLDER], how);
  if (made.failed) return { gap: 'there is no python3 with venv' };
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `zizmor==${VERSION}`];
  await execa(resolve(FOLDER, 'bin/python'), pip, how);
  return (await isThere()) ? { program } : { gap: 'zizmor can not be installed' };
}
