import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { inChroot } from './chroot.ts';
import { CACHE } from './place.ts';
import { hashOf, REPOSITORY } from './recipe.ts';
import { announce, once } from './root.ts';

/** The packages that a host's user-data asks for. */
export interface Packages {
  /** A flat apt repository with them and all they need: the host installs from it, and needs no way out. */
  readonly repository: string;
  /** What installing them changes in the root: an overlay's layer, for hosts that should be up at once. */
  readonly layer: string;
}

/** Downloads and installs packages once, on top of `root`, and then takes them from the cache. */
export async function ensurePackages(
  root: string,
  names: readonly string[],
  say = announce,
): Promise<Packages> {
  const place = join(CACHE, `packages-${hashOf(basename(root), [...names].sort())}`);
  await once(place, async (draft) => {
    const repository = join(draft, 'repository');
    const layer = join(draft, 'layer');
    const scratch = join(draft, 'scratch');
    for (const folder of [repository, layer, scratch]) await mkdir(folder);
    const list = names.join(' ');
    if (list !== '') say(`getting packages for hosts: ${list}`);
    const download = `cd ${REPOSITORY}
apt-get update -qq
[ -z "${list}" ] || apt-get install -qq -y --download-only -o Dir::Cache::archives=${REPOSITORY} ${list}
rm -rf partial lock
apt-ftparchive packages . >Packages
apt-ftparchive release . >Release`;
    await inChroot(scratch, download, { below: [root], seen: { [REPOSITORY]: repository } });
    // As the host itself would: from the repository alone.
    const install = `unset APT_CONFIG
apt-get update -qq
[ -z "${list}" ] || apt-get install -qq -y --no-install-recommends ${list}
rm -rf /usr/sbin/policy-rc.d /var/lib/apt/lists/* /var/cache/apt/*.bin`;
    await inChroot(layer, install, { below: [root], seen: { [REPOSITORY]: repository } });
  });
  return { repository: join(place, 'repository'), layer: join(place, 'layer') };
}

/** The names below `packages:` of a cloud-config; a version may be pinned as `[name, version]`. */
export function packagesOf(userData: string): string[] {
  if (!userData.startsWith('#cloud-config')) return [];
  const config = parse(userData) as { packages?: readonly (string | readonly string[])[] } | null;
  return (config?.packages ?? []).map((entry) => (typeof entry === 'string' ? entry : entry.join('=')));
}
