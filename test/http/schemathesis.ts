import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { execa } from 'execa';

const VERSION = '4.32.5';
const FOLDER = resolve(import.meta.dirname, '../../.cache', `schemathesis-${VERSION}`);

/** The fuzzer's program, put in a folder of its own at the first use; or why there is none. */
export async function findSchemathesis(): Promise<{ program: string } | { reason: string }> {
  const program = resolve(FOLDER, 'bin/schemathesis');
  const isThere = () =>
    access(program).then(
      () => true,
      () => false,
    );
  if (await isThere()) return { program };
  const how = { reject: false, timeout: 240_000, stdin: 'ignore' } as const;
  const made = await execa('python3', ['-m', 'venv', FOLDER], how);
  if (made.failed) return { reason: 'there is no python3 with venv' };
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `schemathesis==${VERSION}`];
  await execa(resolve(FOLDER, 'bin/python'), pip, how);
  return (await isThere()) ? { program } : { reason: 'schemathesis can not be installed' };
}
