/** A process as the owner of files, so that another process can tell whether it still runs. */
import { readFile, readlink } from 'node:fs/promises';

/** A process, told apart from a later one with the same number. */
export interface Owner {
  readonly pid: number;
  /** When it started, in the kernel's ticks since boot; empty on a system that does not tell (macOS). */
  readonly started: string;
  /** The id of the machine's boot. */
  readonly boot: string;
  /** The pid namespace in which `pid` counts: each container has its own. Unknown on other systems, and in files of an older release. */
  readonly namespace?: string | undefined;
}

/** Whether a value read from a file is an owner: any file may lie in a shared folder for temporary files. */
export function isOwner(value: unknown): value is Owner {
  const { pid, started, boot, namespace = '' } = (value ?? {}) as Partial<Owner>;
  const texts = [started, boot, namespace];
  return Number.isSafeInteger(pid) && pid! > 0 && texts.every((text) => typeof text === 'string');
}

/** Whether two values stand for the same process. */
export function areSame(one: Owner, other: Owner): boolean {
  return (['pid', 'started', 'boot', 'namespace'] as const).every((field) => one[field] === other[field]);
}

/** This process, as other processes see it. */
export async function thisProcess(): Promise<Owner> {
  const [state, boot, namespace] = await Promise.all([readState(process.pid), readBoot(), readNamespace()]);
  return { pid: process.pid, started: state?.started ?? '', boot, namespace };
}

/** Whether exactly this process still runs; undefined for one of another pid namespace, which can't be looked up. */
export async function isAlive({ pid, started, boot, namespace }: Owner): Promise<boolean | undefined> {
  if (boot !== (await readBoot())) return false;
  if (namespace !== undefined && namespace !== (await readNamespace())) return undefined;
  if (started === '') return isThere(pid);
  const state = await readState(pid);
  return state !== undefined && state.started === started && !state.isDead;
}

async function readState(pid: number): Promise<{ started: string; isDead: boolean } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The second field is the program's name in parentheses, and may hold both spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', started = ''] = [fields[0], fields[19]];
  return { started, isDead: state === 'Z' || state === 'X' };
}

async function readBoot(): Promise<string> {
  const text = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return text.trim();
}

/** The number of this process's pid namespace; undefined where the system does not tell. */
async function readNamespace(): Promise<string | undefined> {
  const text = await readlink('/proc/self/ns/pid').catch(() => '');
  return /^pid:\[(\d+)\]$/.exec(text)?.[1];
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
