import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { execa } from 'execa';

/** What systemd-nspawn is told: a whole machine with its own init, on a network made for it. */
export interface ContainerOptions {
  readonly machine: string;
  readonly namespace: string;
  /** Where the root is put together; an empty folder. */
  readonly mountPoint: string;
  /** Read-only layers, topmost first. */
  readonly layers: readonly string[];
  readonly upper: string;
  readonly work: string;
  /** An image with a file system that holds `upper` and `work`, and where it is mounted; without it they are folders of this machine. */
  readonly disk?: { readonly image: string; readonly at: string } | undefined;
  /** Folders of this machine that are seen inside, read-only, by their place there. */
  readonly shown: Readonly<Record<string, string>>;
  readonly cgroups: readonly string[];
}

/** What nspawn exits with when the machine inside asks for a reboot. */
export const REBOOT = 133;

/**
 * The shell script that becomes the container. It runs in a mount namespace of its own, so that the root's mounts are
 * gone with the last process, however that ends.
 */
export function containerScript(options: ContainerOptions): string {
  const { layers, upper, work, mountPoint, cgroups, disk } = options;
  return [
    ...(disk === undefined ? [] : [`mount -o loop ${disk.image} ${disk.at}`]),
    `mount -t overlay overlay -o lowerdir=${layers.join(':')},upperdir=${upper},workdir=${work} ${mountPoint}`,
    ...cgroups.map((file) => `echo $$ >${file}`),
    // When the tests' process dies, the machine is shut down instead of being left behind.
    `exec setpriv --pdeathsig TERM systemd-nspawn ${nspawnArguments(options).join(' ')}`,
  ].join('\n');
}

export function nspawnArguments({ machine, namespace, mountPoint, shown }: ContainerOptions): string[] {
  return [
    '--quiet',
    '--boot',
    `--directory=${mountPoint}`,
    `--machine=${machine}`,
    `--hostname=${machine}`,
    '--register=no',
    '--keep-unit',
    `--network-namespace-path=/run/netns/${namespace}`,
    '--capability=CAP_NET_ADMIN',
    '--resolv-conf=off',
    '--timezone=off',
    '--link-journal=no',
    '--console=pipe',
    ...Object.entries(shown).map(([to, from]) => `--bind-ro=${from}:${to}`),
  ];
}

/** A machine that is switched on. */
export interface Container {
  /** Resolves when it is off: true when it wants to be switched on again. */
  readonly ended: Promise<boolean>;
  /** What its console showed last. */
  console(): string;
  /** Kills its init, and with it every process, at once. */
  cutPower(): Promise<void>;
}

/** Switches a machine on. */
export function startContainer(options: ContainerOptions): Container {
  const script = containerScript(options);
  const child = execa('unshare', ['--mount', '--propagation', 'private', 'sh', '-euc', script], {
    stdin: 'ignore',
    all: true,
    buffer: false,
    reject: false,
    // Orderly first: nspawn shuts the machine down on SIGTERM.
    forceKillAfterDelay: 20_000,
  });
  const shown = tail(child.all);
  return {
    ended: (async () => (await child).exitCode === REBOOT)(),
    console: shown,
    cutPower: async () => {
      const init = await initOf(child.pid!);
      if (init === undefined) child.kill('SIGTERM');
      else process.kill(init, 'SIGKILL');
      await child;
    },
  };
}

/** The container's init is nspawn's child; nspawn is what the shell became. Undefined before it is there. */
async function initOf(nspawn: number): Promise<number | undefined> {
  const children = await readFile(`/proc/${nspawn}/task/${nspawn}/children`, 'utf8').catch(() => '');
  for (const pid of children.trim().split(' ').filter(Boolean)) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    // The last number is the one that the process has in the innermost pid namespace.
    if (/^NSpid:.*\s1$/m.test(status)) return Number(pid);
  }
  return undefined;
}

function tail(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-20_000);
  });
  return () => text;
}
