import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import { inChroot } from './chroot.ts';
import { withLock } from './lock.ts';
import { CACHE, touch } from './place.ts';
import { BASE, BOOTSTRAP, FILES, FINISH, hashOf, REPOSITORY, type Recipe } from './recipe.ts';
import { ownSuite, suiteOfHosts } from './suite.ts';

/**
 * The root filesystem of a fresh server, made once and then taken from the cache. Returns its folder, which is read-only. The first
 * time takes about a minute; `say` reports it.
 */
export async function ensureRoot(say: (text: string) => void = announce): Promise<string> {
  const recipe = await readRecipe();
  const root = join(CACHE, `root-${hashOf(recipe, BOOTSTRAP, BASE, FILES, FINISH)}`);
  return once(root, async (draft) => {
    const { suite, mirror, components, architecture } = recipe;
    say(`making a root filesystem of ${suite} (about a minute, once)`);
    await execa('debootstrap', [
      '--variant=minbase',
      `--include=${BOOTSTRAP.join(',')}`,
      `--components=${components.join(',')}`,
      `--arch=${architecture}`,
      suite,
      draft,
      mirror,
    ]);
    say('installing what a server image has');
    await inChroot(draft, `apt-get update -qq\napt-get install -qq -y ${BASE.join(' ')}\n`);
    await inChroot(draft, FINISH);
    for (const [path, text] of Object.entries(FILES)) {
      await mkdir(dirname(join(draft, path)), { recursive: true });
      await writeFile(join(draft, path), text);
    }
    await mkdir(join(draft, REPOSITORY), { recursive: true });
    say('the root filesystem is made');
  });
}

/** Makes `folder` with `make` where it isn't there yet: whole or not at all, and by one process at a time. */
export async function once(folder: string, make: (draft: string) => Promise<void>): Promise<string> {
  await withLock(`${folder}.lock`, async () => {
    if (existsSync(folder)) return;
    const draft = `${folder}.draft`;
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    await make(draft);
    await rename(draft, folder);
  });
  await touch(folder);
  await forgetUnused(folder);
  return folder;
}

/** Removes roots of former recipes that were not used for two weeks: a root has a third of a gigabyte, packages have more. */
async function forgetUnused(folder: string): Promise<void> {
  const kind = basename(folder).split('-')[0];
  for (const name of await readdir(dirname(folder))) {
    const path = join(dirname(folder), name);
    if (!new RegExp(`^${kind}-[0-9a-f]+$`).test(name)) continue;
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > UNUSED_MS) await rm(path, { recursive: true, force: true });
  }
}

const UNUSED_MS = 14 * 86_400_000;

/** Reads where the packages of this machine's distribution come from. Throws where there is no such source. */
export async function readRecipe(): Promise<Recipe> {
  const codename = await ownSuite();
  const format = '$(CODENAME) $(COMPONENT) $(ARCHITECTURE) $(REPO_URI)';
  const targets = await execa('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  const rows = targets.stdout.split('\n').map((line) => line.split(' '));
  const own = rows.filter(([suite, , architecture]) => suite === codename && architecture !== 'all');
  const [suite, , architecture, mirror] = own[0] ?? [];
  if (suite === undefined || architecture === undefined || mirror === undefined) {
    throw new Error(`apt has no source for ${codename}: run apt-get update`);
  }
  const components = [...new Set(own.map(([, component]) => component!))];
  return { suite: suiteOfHosts(suite), mirror, architecture, components };
}

export function announce(text: string): void {
  console.error(`twin: ${text}`);
}
