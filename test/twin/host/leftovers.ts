import { rm } from 'node:fs/promises';
import { execa } from 'execa';
import { until } from '../../rig/until.ts';
import { forgetResolvers, namespacesOf } from '../net/namespace.ts';
import { namespacePrefix } from '../net/network.ts';
import { existing, groupsOf } from './cgroup.ts';
import type { Run } from './place.ts';

/** How everything of a run is named that the machine keeps by name: machines and control groups. */
export function machineName({ id }: Run, label: string): string {
  return `oven-${id}-${label}`;
}

/** Removes the rest of a run: processes (found by their control group, ended by number), groups, networks, files. */
export async function removeRun(run: Run): Promise<void> {
  for (const name of await groupsOf(machineName(run, ''))) await endGroup(name);
  for (const name of await namespacesOf(namespacePrefix(run.id)))
    await execa('ip', ['netns', 'delete', name]);
  await forgetResolvers(namespacePrefix(run.id));
  await rm(run.folder, { recursive: true, force: true });
}

/** Ends every process of a control group, and removes it. */
export async function endGroup(name: string): Promise<void> {
  const group = existing(name);
  await until(`every process of ${name} is gone`, async () => {
    const pids = await group.processes();
    for (const pid of pids) kill(pid);
    return pids.length === 0;
  });
  await until(`the control group ${name} is gone`, async () => {
    await group.remove();
    return true;
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
