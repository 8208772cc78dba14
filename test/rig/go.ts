import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type ExecaError, execa } from 'execa';
import { until } from './until.ts';

const CACHE = join(import.meta.dirname, '../../.cache/bin');
/** Seconds to build it on a busy machine, or to wait for another process that does. */
const BUILD_SECONDS = 900;

/** Where a program of the tests is, or why there is none. */
export type Found = { readonly program: string } | { readonly gap: string };

/** A program that is had as a Go module. */
export interface GoProgram {
  /** The import path of its package, whose last part names the program. */
  readonly path: string;
  readonly version: string;
  /** The oldest Go that builds it: 25 is 1.25. */
  readonly minor: number;
}

/**
 * Finds a program in the repository's cache, or builds it there: a minute, once. Called while a test file is loaded, since
 * no test or hook has that long.
 */
export async function findGoProgram({ path, version, minor }: GoProgram): Promise<Found> {
  const name = basename(path);
  const program = join(CACHE, `${name}-${version}`);
  if (existsSync(program)) return { program };
  const go = await execa('go', ['env', 'GOVERSION'], { reject: false, env: { GOTOOLCHAIN: 'local' } });
  const [, own = 0] = /^go1\.(\d+)/.exec(String(go.stdout)) ?? [];
  if (Number(own) < minor) return { gap: `no Go 1.${minor} or newer to build ${name} with` };
  await mkdir(CACHE, { recursive: true });
  try {
    return await alone(`${program}.lock`, async () => {
      if (!existsSync(program)) await build(`${path}@v${version}`, name, program);
      return { program };
    });
  } catch (error) {
    const { stderr, message } = error as ExecaError;
    const last = String(stderr ?? message)
      .trim()
      .split('\n')
      .at(-1);
    return { gap: `${name} can not be built: ${last}` };
  }
}

async function build(module: string, name: string, program: string): Promise<void> {
  const folder = `${program}.${randomUUID()}`;
  try {
    const env = { GOBIN: folder, GOTOOLCHAIN: 'local' };
    await execa('go', ['install', module], { env, timeout: BUILD_SECONDS * 1000 });
    await rename(join(folder, name), program);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs `work` while no other process does. (Should two find a dead one's lock at once, both work: harmless here.) */
async function alone<T>(lock: string, work: () => Promise<T>): Promise<T> {
  const take = async () => {
    try {
      await writeFile(lock, String(process.pid), { flag: 'wx' });
      return true;
    } catch {
      const holder = Number(await readFile(lock, 'utf8'));
      if (holder > 0 && !isAlive(holder)) await rm(lock, { force: true });
      return false;
    }
  };
  await until(`${basename(lock, '.lock')} is built by another`, take, BUILD_SECONDS);
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
