import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** Where ip(8) finds what programs in a namespace see in place of files of /etc. */
const ETC = '/etc/netns';

/** A network of its own: nothing in it reaches this machine's network, and nothing outside reaches into it. */
export interface Namespace {
  readonly name: string;
  /** Runs a program in it, to its end. */
  exec(file: string, args: readonly string[]): Promise<string>;
  remove(): Promise<void>;
}

/** Makes a network namespace with nothing but its loopback. Throws where this kernel or user can't. */
export async function openNamespace(name: string): Promise<Namespace> {
  await execa('ip', ['netns', 'add', name]);
  const namespace: Namespace = {
    name,
    exec: async (file, args) => (await execa('ip', ['netns', 'exec', name, file, ...args])).stdout,
    remove: async () => void (await execa('ip', ['netns', 'delete', name])),
  };
  await setUp(name, ['link set lo up']);
  return namespace;
}

/** Runs lines of ip(8) in a namespace, in one process. */
export async function setUp(name: string, lines: readonly string[]): Promise<void> {
  await execa('ip', ['-n', name, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** The names of namespaces that start so. */
export async function namespacesOf(prefix: string): Promise<string[]> {
  const { stdout } = await execa('ip', ['-j', 'netns', 'list']);
  const rows = stdout === '' ? [] : (JSON.parse(stdout) as { name: string }[]);
  return rows.map(({ name }) => name).filter((name) => name.startsWith(prefix));
}

/** Programs that are started in the namespace from now on ask this resolver for names. */
export async function useResolver({ name }: Namespace, address: string): Promise<void> {
  await mkdir(join(ETC, name), { recursive: true });
  await writeFile(join(ETC, name, 'resolv.conf'), `nameserver ${address}\n`);
}

/** Removes what `useResolver` made for namespaces whose names start so. */
export async function forgetResolvers(prefix: string): Promise<void> {
  const names = await readdir(ETC).catch(() => []);
  for (const name of names) if (name.startsWith(prefix)) await rm(join(ETC, name), { recursive: true });
}
