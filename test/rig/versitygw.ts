import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExecaError, execa } from 'execa';
import { until } from './until.ts';

const VERSION = '1.8.0';
const CACHE = join(import.meta.dirname, '../../.cache/bin');
const PROGRAM = join(CACHE, `versitygw-${VERSION}`);
/** Seconds to build it on a busy machine, or to wait for another process that does. */
const BUILD_SECONDS = 900;

/** Where the S3 server of the tests is, or why there is none. */
export type Found = { readonly program: string } | { readonly gap: string };

/**
 * Finds versitygw in the repository's cache, or builds it there: a minute, once. Called while a test file is loaded, since
 * no test or hook has that long.
 */
export async function findVersitygw(): Promise<Found> {
  if (existsSync(PROGRAM)) return { program: PROGRAM };
  const go = await execa('go', ['env', 'GOVERSION'], { reject: false, env: { GOTOOLCHAIN: 'local' } });
  const [, minor = 0] = /^go1\.(\d+)/.exec(String(go.stdout)) ?? [];
  if (Number(minor) < 25) return { gap: 'no Go 1.25 or newer to build an S3 server with' };
  await mkdir(CACHE, { recursive: true });
  try {
    return await alone(`${PROGRAM}.lock`, async () => {
      if (!existsSync(PROGRAM)) await build();
      return { program: PROGRAM };
    });
  } catch (error) {
    const { stderr, message } = error as ExecaError;
    const last = String(stderr ?? message)
      .trim()
      .split('\n')
      .at(-1);
    return { gap: `the S3 server can not be built: ${last}` };
  }
}

async function build(): Promise<void> {
  const folder = `${PROGRAM}.${randomUUID()}`;
  try {
    const env = { GOBIN: folder, GOTOOLCHAIN: 'local' };
    const path = `github.com/versity/versitygw/cmd/versitygw@v${VERSION}`;
    await execa('go', ['install', path], { env, timeout: BUILD_SECONDS * 1000 });
    await rename(join(folder, 'versitygw'), PROGRAM);
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
  await until('the S3 server is built by another', take, BUILD_SECONDS);
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
