import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa, execaSync, type Options } from 'execa';
import { until } from '../rig/until.ts';

/** Where test/unpack lays packages. */
const UNPACKED = resolve('.cache/unpacked/root');
/** Programs that are unpacked and not installed find neither each other nor their libraries by themselves. */
const PATH = [...['usr/sbin', 'usr/bin'].map((folder) => join(UNPACKED, folder)), process.env.PATH].join(':');

/** Why there can be no Docker here, in one line; undefined where there can. */
export function dockerGap(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'Docker needs Linux and root';
  const runs = (program: string) =>
    !execaSync('sh', ['-c', `command -v ${program}`], { env: { PATH }, reject: false }).failed;
  const missing = [
    'dockerd',
    'containerd',
    'runc',
    'docker-compose',
    'debootstrap',
    'unshare',
    'nsenter',
    'ip',
  ];
  const gap = missing.filter((program) => !runs(program));
  return gap.length > 0 ? `Docker needs ${gap.join(', ')}` : undefined;
}

/** A Docker of a test's own: no process, mount or network of it outlives it. */
export interface Docker {
  /** Runs `docker` with these arguments, and gives its standard output. Throws execa's error. */
  docker(...args: string[]): Promise<string>;
  /** Runs a shell script where Docker's networks are, in `folder`. Throws execa's error. */
  shell(script: string, folder: string, options?: Options): Promise<{ stdout: string; all: string }>;
  stop(): Promise<void>;
}

/**
 * Starts dockerd over the images and volumes in `data`. With a network of its `own`, everything that it publishes is seen in `shell` only,
 * and nothing reaches another machine. With the `machine`'s, containers have no network but that (`--network host`), for builds.
 */
export async function startDocker(
  data: string,
  network: 'own' | 'machine',
  project = 'oven',
): Promise<Docker> {
  const folder = await mkdtemp(join(tmpdir(), 'oven-docker-'));
  const socket = join(folder, 'docker.sock');
  const env = {
    PATH: `${folder}/bin:${PATH}`,
    LD_LIBRARY_PATH: join(UNPACKED, 'usr/lib/x86_64-linux-gnu'),
    XTABLES_LIBDIR: join(UNPACKED, 'usr/lib/x86_64-linux-gnu/xtables'),
    PYTHONPATH: join(UNPACKED, 'usr/lib/python3/dist-packages'),
    DOCKER_HOST: `unix://${socket}`,
    // The builder of Docker 20.10. Another one would not find the layers that the test has built.
    DOCKER_BUILDKIT: '0',
    COMPOSE_PROJECT_NAME: project,
    HOME: folder,
  };
  await mkdir(join(folder, 'bin'));
  const filters = join(UNPACKED, 'usr/sbin/xtables-nft-multi');
  // Its package makes these links when it is installed.
  if (existsSync(filters))
    for (const name of ['iptables', 'ip6tables']) await symlink(filters, join(folder, 'bin', name));
  const words = `dockerd --data-root ${data} --exec-root ${folder}/run --host ${env.DOCKER_HOST} --pidfile ${folder}/pid`;
  const script =
    network === 'own' ? `ip link set lo up; exec ${words}` : `exec ${words} --bridge=none --iptables=false`;
  const spaces = [
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    ...(network === 'own' ? ['--net'] : []),
  ];
  const daemon = execa('unshare', [...spaces, 'sh', '-euc', script], {
    env,
    all: true,
    stdin: 'ignore',
    reject: false,
  });
  const docker = async (...args: string[]) =>
    String((await execa('docker', args, { env, stdin: 'ignore', timeout: 7_200_000 })).stdout);
  const pid = await until('dockerd runs', async () => {
    const children = await readFile(`/proc/${daemon.pid}/task/${daemon.pid}/children`, 'utf8');
    return Number(children.trim()) || undefined;
  });
  const stop = async () => {
    try {
      process.kill(pid, 'SIGTERM'); // the first process of its namespace: all others end with it
    } catch {} // it has ended
    const late = setTimeout(() => daemon.kill('SIGKILL'), 30_000);
    await daemon;
    clearTimeout(late);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await until('dockerd answers', () => docker('version').then(() => true), 60);
  } catch (error) {
    await stop();
    throw new Error(
      String((await daemon).all)
        .split('\n')
        .slice(-5)
        .join('\n'),
      { cause: error },
    );
  }
  const enter = ['--target', String(pid), ...(network === 'own' ? ['--net'] : [])];
  return {
    docker,
    stop,
    shell: async (text, cwd, options) => {
      const ran = await execa('nsenter', [...enter, 'sh', '-euc', text], { env, cwd, all: true, ...options });
      return { stdout: String(ran.stdout), all: String(ran.all) };
    },
  };
}
