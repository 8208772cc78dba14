import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** An SSH key pair on the disk. */
export interface KeyPair {
  readonly file: string;
  readonly publicKey: string;
  readonly privateKey: string;
}

/** Makes an ed25519 key. */
export async function makeKey(folder: string, name: string): Promise<KeyPair> {
  const file = join(folder, name);
  await mkdir(folder, { recursive: true });
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file]);
  const [privateKey, publicKey] = await Promise.all([
    readFile(file, 'utf8'),
    readFile(`${file}.pub`, 'utf8'),
  ]);
  return { file, privateKey, publicKey: publicKey.trim() };
}

/** Writes down keys that came from elsewhere, such as a Pulumi program's. OpenSSH refuses a key that others may read. */
export async function keepKey(folder: string, name: string, privateKey: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, privateKey.endsWith('\n') ? privateKey : `${privateKey}\n`, { mode: 0o600 });
  return file;
}

export interface SshTarget {
  /** The namespace that the client runs in. */
  readonly namespace: string;
  readonly address: string;
  readonly user: string;
  readonly keyFile: string;
  /** `ssh-ed25519 AAAA…`: any other is refused. */
  readonly hostKey: string;
  /** A folder for the list of known hosts. */
  readonly folder: string;
}

export interface RunOptions {
  readonly stdin?: string | undefined;
  readonly timeoutSeconds?: number;
}

/** What a command on a host printed, and how it ended: 255 is ssh's own failure. */
export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command on a host, and gives how it ended, whichever way. */
export async function ssh(target: SshTarget, command: string, how: RunOptions = {}): Promise<RunResult> {
  const { user, address } = target;
  return act(target, 'ssh', [...(await sshOptions(target)), `${user}@${address}`, command], how);
}

/** Copies a file onto a host. */
export async function scp(target: SshTarget, local: string, remote: string): Promise<RunResult> {
  const { user, address } = target;
  return act(target, 'scp', ['-q', ...(await sshOptions(target)), local, `${user}@${address}:${remote}`], {});
}

/** OpenSSH's options: this key, this host key, no file of this machine, no question. */
async function sshOptions({ address, hostKey, keyFile, folder }: SshTarget): Promise<string[]> {
  const known = join(folder, `known-hosts-${address}`);
  await writeFile(known, `${address} ${hostKey}\n`);
  const options = [
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${known}`,
    'GlobalKnownHostsFile=/dev/null',
    'IdentitiesOnly=yes',
    'BatchMode=yes',
    'ConnectTimeout=5',
    'ServerAliveInterval=5',
    'LogLevel=ERROR',
  ];
  return ['-F', 'none', '-i', keyFile, ...options.flatMap((option) => ['-o', option])];
}

async function act(
  target: SshTarget,
  file: string,
  args: readonly string[],
  how: RunOptions,
): Promise<RunResult> {
  const { stdin, timeoutSeconds = 300 } = how;
  const result = await execa('ip', ['netns', 'exec', target.namespace, file, ...args], {
    ...(stdin === undefined ? { stdin: 'ignore' } : { input: stdin }),
    timeout: timeoutSeconds * 1000,
    reject: false,
    maxBuffer: 20_000_000,
  });
  const { exitCode = 255, stdout, stderr } = result;
  return {
    exitCode,
    stdout,
    stderr: result.timedOut ? `${stderr}\nnot done in ${timeoutSeconds} s` : stderr,
  };
}
