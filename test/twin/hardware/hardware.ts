import { join } from 'node:path';
import { parse } from 'yaml';
import type { DropletGuard, Hardware, Machine, Placed } from '../api/hardware.ts';
import type { Cloud } from '../host/cloud.ts';
import type { TwinHost } from '../host/host.ts';
import { type RunningBalancer, startBalancer } from './balancer.ts';
import type { Edge } from './edge.ts';
import type { Names } from './names.ts';

/** Mebibytes of a droplet's disk: enough for some releases, and little enough to be filled. */
const DISK_MB = 4096;

/** Where the key to log in with is laid once the stack tells it. */
export function loginFile({ run }: Cloud): string {
  return join(run.folder, 'login');
}

export interface Machines extends Hardware {
  /** The machine of a droplet that is switched on. */
  of(dropletId: number): TwinHost | undefined;
  /** Ids of the droplets that a load balancer gives connections to now. */
  healthy(balancerId: string): readonly number[];
  close(): Promise<void>;
}

export interface HardwareOptions {
  readonly cloud: Cloud;
  readonly names: Names;
  readonly edge: Edge;
  /** Reserved addresses. */
  readonly addresses: readonly string[];
  /** Public addresses of load balancers. */
  readonly balancers: readonly string[];
}

/** Droplets as whole machines in containers, and everything between them and those who ask them. */
export function openHardware({ cloud, names, edge, addresses, ...options }: HardwareOptions): Machines {
  const hosts = new Map<number, TwinHost>();
  const places = new Map<number, string>();
  const balancers = new Map<string, Placed & { readonly running: RunningBalancer }>();
  const makeBalancer = async (id: string) => {
    const taken = new Set([...balancers.values()].map((one) => one.address));
    const index = options.balancers.findIndex((one) => !taken.has(one));
    const address = options.balancers[index];
    if (address === undefined) throw new Error('there is no address left for a load balancer');
    const at = await cloud.network.attach(`balancer${index}`, address);
    const privateAddress = `10.124.250.${index + 1}`;
    await at.addAddress(privateAddress);
    const made = { address, privateAddress, running: startBalancer(at, privateAddress) };
    balancers.set(id, made);
    return made;
  };
  let declared: ReadonlyMap<number, DropletGuard> = new Map();
  const enforce = () => cloud.network.guard(guardsOf(declared, places));
  return {
    addresses,
    of: (id) => hosts.get(id),
    healthy: (id) => {
      const healthy = new Set(balancers.get(id)?.running.healthy);
      return [...hosts.keys()].filter((host) => healthy.has(privateAddressOf(host)));
    },
    close: async () => {
      for (const { running } of balancers.values()) await running.close();
    },
    balance: async (declared) => {
      for (const [id, { running }] of balancers) {
        if (declared.has(id)) continue;
        balancers.delete(id);
        await running.close();
      }
      for (const [id, balancer] of declared) {
        const { running } = balancers.get(id) ?? (await makeBalancer(id));
        running.set(balancer);
      }
      return new Map([...balancers].map(([id, { running: _, ...place }]) => [id, place]));
    },
    boot: async ({ id, userData, memoryMb, publicKeys }: Machine) => {
      const address = cloud.nextAddress();
      const booting = cloud.boot({
        userData,
        privateAddress: privateAddressOf(id),
        memoryMb,
        diskMb: DISK_MB,
        resolver: names.address,
        sshKeys: publicKeys,
        label: `d${id}`,
        login: { user: 'root', keyFile: loginFile(cloud), hostKey: hostKeyOf(userData) },
      });
      places.set(id, address);
      // A guard may have been declared before there was a machine.
      const [host] = await Promise.all([booting, enforce()]);
      hosts.set(id, host);
      return { address, privateAddress: privateAddressOf(id) };
    },
    destroy: async (id) => {
      await hosts.get(id)?.destroy();
      hosts.delete(id);
      places.delete(id);
    },
    point: (reserved, id) => cloud.network.point(reserved, id === undefined ? id : places.get(id)),
    guard: (guards) => {
      declared = guards;
      return enforce();
    },
    name: async (records) => {
      const all = [...records];
      await edge.set(new Map(all.filter(([, one]) => one.proxied).map(([name, one]) => [name, one.address])));
      await names.set(new Map(all.map(([name, one]) => [name, one.proxied ? edge.address : one.address])));
    },
  };
}

/** The address in the VPC; a second one of the same machine. */
function privateAddressOf(id: number): string {
  return `10.124.${(id >> 8) & 255}.${id & 255}`;
}

function guardsOf(guards: ReadonlyMap<number, DropletGuard>, places: ReadonlyMap<number, string>) {
  return [...guards].flatMap(([id, { inbound, outbound }]) => {
    const address = places.get(id);
    return address === undefined
      ? []
      : [address, privateAddressOf(id)].map((one) => ({ address: one, inbound, outbound }));
  });
}

/** The host's own key, by which it is known from its first moment; '' where user-data names none. */
function hostKeyOf(userData: string): string {
  const config = parse(userData) as { ssh_keys?: { ed25519_public?: string } } | null;
  return config?.ssh_keys?.ed25519_public ?? '';
}
