import { createHash } from 'node:crypto';
import { byPath } from './tree.ts';

/** An entry of `packages` in package-lock.json, with the fields that a release needs. */
interface Locked {
  readonly name?: string;
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

export interface Lockfile {
  readonly packages: Readonly<Record<string, Locked>>;
}

/** The target of a release, on any build machine: DigitalOcean's droplets. */
export const TARGET = { os: 'linux', cpu: 'x64', libc: 'glibc' } as const;

/** The paths of the packages that run in production on the target. Pure. */
export function productionPackages(lock: Lockfile): readonly string[] {
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path !== '' && !entry.dev && runsOnTarget(entry))
    .map(([path]) => path)
    .sort();
}

/** The hash of a release's packages. It changes with a package of production, and not with a development tool. Pure. */
export function packagesHash(lock: Lockfile): string {
  const entries = productionPackages(lock).map((path) => [path, sorted(lock.packages[path])]);
  return createHash('sha256')
    .update(JSON.stringify([TARGET, entries]))
    .digest('hex')
    .slice(0, 16);
}

function runsOnTarget(entry: Locked): boolean {
  const admits = (list: readonly string[] | undefined, value: string) =>
    list === undefined ||
    (list.includes(value) && !list.includes(`!${value}`)) ||
    isOnlyNegative(list, value);
  return admits(entry.os, TARGET.os) && admits(entry.cpu, TARGET.cpu) && admits(entry.libc, TARGET.libc);
}

function isOnlyNegative(list: readonly string[], value: string): boolean {
  return list.every((item) => item.startsWith('!')) && !list.includes(`!${value}`);
}

/** The same object with sorted keys and without the download address, which a mirror may change. */
function sorted(entry: object | undefined): [string, unknown][] {
  return Object.entries(entry ?? {})
    .filter(([key]) => key !== 'resolved')
    .map(([path, value]) => ({ path, value }))
    .sort(byPath)
    .map(({ path, value }) => [path, value]);
}
