import { readFile } from 'node:fs/promises';

/** A process, and not another that got its number later. */
export interface Owner {
  readonly pid: number;
  /** When it started, in the kernel's ticks since boot; empty where the system does not tell (macOS). */
  readonly started: string;
  /** Which boot of the machine that was. */
  readonly boot: string;
}

/** This process, as others will see it. */
export async function thisProcess(): Promise<Owner> {
  const [state, boot] = await Promise.all([readState(process.pid), readBoot()]);
  return { pid: process.pid, started: state?.started ?? '', boot };
}

/** Whether that very process still runs. */
export async function isAlive({ pid, started, boot }: Owner): Promise<boolean> {
  if (boot !== (await readBoot())) return false;
  if (started === '') return isThere(pid);
  const state = await readState(pid);
  return state !== undefined && state.started === started && !state.isDead;
}

/** Whether something is an owner as written to a file: anything may lie in a folder for temporary files. */
export function isOwner(value: unknown): value is Owner {
  const { pid, started, boot } = (value ?? {}) as Partial<Owner>;
  return Number.isSafeInteger(pid) && pid! > 0 && typeof started === 'string' && typeof boot === 'string';
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

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
