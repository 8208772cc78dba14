import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { ownSuite, suiteOfHosts } from './suite.ts';

/** Where the tree sees what is lent to it; any empty folder that every root has. */
const LENT = '/mnt';

/** Keeps package scripts from starting services: nothing runs in a chroot. The image's last step removes it. */
const POLICY = `printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d`;

/** Apt reads this before everything else: the sources are this machine's, the rest is the tree's own. */
const SETTINGS = `Dir::Etc::sourcelist "${LENT}/sources.list";
Dir::Etc::sourceparts "${LENT}/sources.list.d";
APT::Install-Recommends "false";
Acquire::Languages "none";
`;

export interface Inside {
  /** Layers below `tree`, topmost first; without any, the tree is a whole root of its own. */
  readonly below?: readonly string[];
  /** Folders of this machine to be seen inside, by their place there. */
  readonly seen?: Readonly<Record<string, string>>;
}

/**
 * Runs a shell script as root inside a root filesystem, with packages from this machine's sources. Every mount is in
 * a namespace of its own, and gone with the last process however that ends. Throws execa's error.
 */
export async function inChroot(tree: string, script: string, { below = [], seen = {} }: Inside = {}) {
  const lent = await mkdtemp(join(tmpdir(), 'oven-apt-'));
  try {
    await lendApt(lent);
    const root = join(lent, 'root');
    const work = `${tree}.work`;
    const mounts =
      below.length === 0
        ? [`mount --bind ${tree} ${root}`]
        : [
            `mkdir -p ${work} && mount -t overlay overlay -o ` +
              `lowerdir=${below.join(':')},upperdir=${tree},workdir=${work} ${root}`,
          ];
    for (const [to, from] of Object.entries({
      ...seen,
      [LENT]: lent,
      '/etc/resolv.conf': '/etc/resolv.conf',
    })) {
      mounts.push(`mount --bind ${from} ${root}${to}`);
    }
    mounts.push(`mount -t proc proc ${root}/proc`, `exec chroot ${root} sh -euc "$1"`);
    const shell = ['sh', '-euc', mounts.join('\n'), 'sh', `${POLICY}\n${script}`];
    const env = {
      APT_CONFIG: `${LENT}/apt.conf`,
      DEBIAN_FRONTEND: 'noninteractive',
      LC_ALL: 'C.UTF-8',
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    };
    const args = ['--mount', '--pid', '--fork', '--kill-child', ...shell];
    const { stdout } = await execa('unshare', args, { env, maxBuffer: 50_000_000 });
    await rm(work, { recursive: true, force: true });
    return stdout;
  } finally {
    await rm(lent, { recursive: true, force: true });
  }
}

/** Lends a list of this machine's sources, for the hosts' suite. */
async function lendSource(from: string, to: string): Promise<void> {
  const own = await ownSuite();
  await writeFile(to, (await readFile(from, 'utf8')).replaceAll(own, suiteOfHosts(own)));
}

async function lendApt(folder: string): Promise<void> {
  await mkdir(join(folder, 'root'));
  await mkdir(join(folder, 'sources.list.d'));
  await writeFile(join(folder, 'sources.list'), '');
  await lendSource('/etc/apt/sources.list', join(folder, 'sources.list')).catch(() => {});
  for (const name of await readdir('/etc/apt/sources.list.d')) {
    // Only the distribution's own: others need keys that the tree lacks.
    if (!/^(debian|ubuntu)\.(sources|list)$/.test(name)) continue;
    await lendSource(join('/etc/apt/sources.list.d', name), join(folder, 'sources.list.d', name));
  }
  let settings = SETTINGS;
  for (const name of await readdir('/etc/apt/apt.conf.d')) {
    // How to reach the sources (proxies, dates), and nothing of how this machine keeps its own packages.
    const text = await readFile(join('/etc/apt/apt.conf.d', name), 'utf8');
    settings += text
      .split('\n')
      .filter((line) => /^\s*Acquire::\w/.test(line))
      .join('\n');
    settings += '\n';
  }
  await writeFile(join(folder, 'apt.conf'), settings);
  await execa('chmod', ['-R', 'a+rX', folder]);
}
