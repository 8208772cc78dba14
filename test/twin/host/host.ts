import { join } from 'node:path';
import { until } from '../../rig/until.ts';
import type { Attached } from '../net/network.ts';
import { openCgroup } from './cgroup.ts';
import { type Container, type ContainerOptions, startContainer } from './container.ts';
import { makeDisk } from './disk.ts';
import { endGroup, machineName } from './leftovers.ts';
import type { Run } from './place.ts';
import { REPOSITORY } from './recipe.ts';
import { writeResolver, writeSeed } from './seed.ts';
import { type RunOptions, type RunResult, type SshTarget, scp, ssh } from './ssh.ts';

/** Who logs in on a host, with what, and how the host proves itself. */
export type Login = Pick<SshTarget, 'user' | 'keyFile' | 'hostKey'>;

export interface HostParts {
  readonly run: Run;
  readonly label: string;
  readonly at: Attached;
  /** The namespace that logs in. */
  readonly client: Attached;
  readonly layers: readonly string[];
  readonly repository: string;
  readonly userData: string;
  readonly sshKeys?: readonly string[] | undefined;
  readonly login: Login;
  readonly memoryMb?: number | undefined;
  /** Size of its disk, which can be full then; without it the host shares this machine's. */
  readonly diskMb?: number | undefined;
  /** The resolver that it asks for names; without it it knows none. */
  readonly resolver?: string | undefined;
}

/** A server: a whole Linux with its own init, disk and address. */
export interface TwinHost {
  readonly label: string;
  readonly address: string;
  readonly isOn: boolean;
  /** Runs a command over SSH, and gives how it ended. */
  run(command: string, how?: RunOptions): Promise<RunResult>;
  /** Runs a command over SSH, and gives what it printed. Throws unless it exits 0. */
  sh(command: string, how?: RunOptions): Promise<string>;
  copy(local: string, remote: string): Promise<void>;
  /** Waits until SSH lets in. */
  reachable(): Promise<void>;
  /** Waits until cloud-init has ended. Throws, with its log, unless all went well. */
  ready(): Promise<void>;
  /** Asks the machine to reboot, and waits until SSH lets in again. */
  reboot(): Promise<void>;
  /** The plug is pulled: what was not handed to the disk's file system by then is lost. */
  cutPower(): Promise<void>;
  powerOff(): Promise<void>;
  powerOn(): Promise<void>;
  /** What the console showed last. */
  console(): string;
  /** Ends it, and removes all that it was. */
  destroy(): Promise<void>;
}

/** Puts a new host together, and switches it on. */
export async function createHost(parts: HostParts): Promise<TwinHost> {
  const { run, label, at, login } = parts;
  const name = machineName(run, label);
  const folder = join(run.folder, label);
  const disk = await makeDisk(folder, parts.diskMb, async (upper) => {
    const { userData, sshKeys, resolver } = parts;
    await writeSeed(upper, { instanceId: name, hostname: label, userData, sshKeys });
    if (resolver !== undefined) await writeResolver(upper, resolver);
  });
  const cgroup = await openCgroup(name, parts.memoryMb);
  const options: ContainerOptions = {
    machine: name,
    namespace: at.name,
    ...disk,
    layers: parts.layers,
    shown: { [REPOSITORY]: parts.repository },
    cgroups: cgroup.joins,
  };
  const target = { ...login, namespace: parts.client.name, address: at.address, folder: run.folder };
  const power = openPower(options);
  power.on();

  const command = (text: string, how?: RunOptions) => ssh(target, text, how);
  const sh = async (text: string, how?: RunOptions) =>
    must(`${label}: ${text}`, await command(text, how)).stdout;
  const off = async (how: () => Promise<void>) => {
    await how();
    await power.off();
    await until(`${label} is off`, async () => (await cgroup.processes()).length === 0);
  };
  const reachable = async () => {
    const logIn = async () => (await command('true', { timeoutSeconds: 10 })).exitCode === 0;
    await until(`${label} lets in`, logIn, 60).catch((error: unknown) => {
      throw new Error(`${label} does not let in:\n${power.console()}`, { cause: error });
    });
  };
  return {
    label,
    address: at.address,
    get isOn() {
      return power.isOn();
    },
    run: command,
    sh,
    copy: async (local, remote) => void must(`copying to ${label}`, await scp(target, local, remote)),
    reachable,
    ready: async () => {
      await reachable();
      // sshd restarts once in the middle of cloud-init: ssh's own failure means try again.
      const end = await until(
        `cloud-init of ${label} ends`,
        async () => {
          const result = await command('cloud-init status --wait --long');
          return result.exitCode !== 255 && result;
        },
        240,
      );
      if (end.exitCode === 0) return;
      const log = await command('sudo -n tail -n 60 /var/log/cloud-init-output.log');
      throw new Error(`cloud-init of ${label}: ${end.stdout}\n${log.stdout}${log.stderr}`);
    },
    reboot: async () => {
      const boots = power.boots();
      await command('sudo -n systemctl reboot', { timeoutSeconds: 30 });
      await until(`${label} starts again`, () => power.boots() > boots);
      await reachable();
    },
    cutPower: () => off(() => power.cut()),
    powerOff: () =>
      off(async () => void (await command('sudo -n systemctl poweroff', { timeoutSeconds: 30 }))),
    powerOn: async () => {
      power.on();
      await reachable();
    },
    console: power.console,
    destroy: async () => {
      if (power.isOn()) await off(() => power.cut());
      await endGroup(name);
      await at.remove();
    },
  };
}

/** The power button: a machine that asks for a reboot is switched on again, as a hypervisor does. */
function openPower(options: ContainerOptions) {
  let boots = 0;
  let running: Container | undefined;
  let last: Container | undefined;
  let life = Promise.resolve();
  const live = async () => {
    for (let again = true; again; ) {
      boots += 1;
      last = running = startContainer(options);
      again = await running.ended;
    }
    running = undefined;
  };
  return {
    on: () => {
      if (running === undefined) life = live();
    },
    /** Resolves when it is off. */
    off: () => life,
    cut: async () => running?.cutPower(),
    isOn: () => running !== undefined,
    boots: () => boots,
    console: () => last?.console() ?? '',
  };
}

function must(what: string, result: RunResult): RunResult {
  if (result.exitCode === 0) return result;
  throw new Error(`${what}\nexited ${result.exitCode}\n${result.stdout}\n${result.stderr}`);
}
