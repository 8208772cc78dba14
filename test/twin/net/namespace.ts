import { execa } from 'execa';

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
