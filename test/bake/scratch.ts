import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { BakeError } from '../../service/bake/errors.ts';

/** Folders of one test file: tapes and stand-ins in `root`, working files in `temp`, finished ones in `out`. */
export interface Scratch {
  readonly root: string;
  readonly temp: string;
  readonly out: string;
  /** The files in `temp` and `out`; none after a failed bake. */
  readonly left: () => Promise<string[]>;
  /** The file to which stand-ins write their process ids. */
  readonly pids: string;
  /** Empties all folders but `root` before the next test. */
  readonly empty: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** Makes fresh, empty folders below the system's temporary one. */
export async function scratch(): Promise<Scratch> {
  const root = await mkdtemp(join(tmpdir(), 'oven-test-'));
  const [temp, out, pids] = [join(root, 'temp'), join(root, 'out'), join(root, 'pids')];
  const empty = async () => {
    for (const path of [temp, out, pids]) await rm(path, { recursive: true, force: true });
    await mkdir(temp);
    await mkdir(out);
  };
  await empty();
  return {
    root,
    temp,
    out,
    pids,
    empty,
    left: async () => [...(await readdir(temp)), ...(await readdir(out))],
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** Writes a shell script that first appends its process id to `pids`, and gives its path. */
export async function standIn(folder: string, name: string, script: string, pids: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(folder, { recursive: true });
  await writeFile(path, `#!/bin/sh\necho $$ >> '${pids}'\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

/** The process ids in the file of the stand-ins; none while there is no such file. */
export function pidsIn(path: string): number[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8').trim().split('\n').filter(Boolean).map(Number);
}

/** Whether a process runs. In a container whose first process waits for no others, one that has ended stays as a zombie. */
export function isAlive(pid: number): boolean {
  try {
    if (process.platform !== 'linux') return process.kill(pid, 0);
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Waits for `work` to fail, and gives its BakeError. Any other result fails the test. */
export async function failure(work: Promise<unknown>): Promise<BakeError> {
  const error = await work.then(
    () => new Error('It did not fail.'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BakeError);
  const { message } = error as BakeError;
  // The message is fit for everyone: one line without a path of this machine.
  expect(message).toMatch(/^[^\n]+\.$/);
  expect(message).not.toContain(tmpdir());
  return error as BakeError;
}
