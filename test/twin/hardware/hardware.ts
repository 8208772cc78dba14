import { join } from 'node:path';
import { parse } from 'yaml';
import type { DropletGuard, Hardware, Machine } from '../api/hardware.ts';
import type { Cloud } from '../host/cloud.ts';
import type { TwinHost } from '../host/host.ts';
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
}

export interface HardwareOptions {
  readonly cloud: Cloud;
  readonly names: Names;
  readonly edge: Edge;
  readonly addresses: readonly string[];
}

/** Droplets as whole machines in containers, and everything between them and those who ask them. */
export function openHardware({ cloud, names, edge, addresses }: HardwareOptions): Machines {
  const hosts = new Map<number, TwinHost>();
  const places = new Map<number, string>();
  let declared: ReadonlyMap<number, DropletGuard> = new Map();
  const enforce = () => cloud.network.guard(guardsOf(declared, places));
  return {
    addresses,
    of: (id) => hosts.get(id),
    boot: async ({ id, userData, memoryMb, publicKeys }: Machine) => {
      const address = cloud.nextAddress();
      const booting = cloud.boot({
        userData,
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

/** There is no second network, so nothing answers there. */
function privateAddressOf(id: number): string {
  return `10.124.${(id >> 8) & 255}.${id & 255}`;
}

function guardsOf(guards: ReadonlyMap<number, DropletGuard>, places: ReadonlyMap<number, string>) {
  return [...guards].flatMap(([id, { inbound, outbound }]) => {
    const address = places.get(id);
    return address === undefined ? [] : [{ address, inbound, outbound }];
  });
}

/** The host's own key, by which it is known from its first moment; '' where user-data names none. */
function hostKeyOf(userData: string): string {
  const config = parse(userData) as { ssh_keys?: { ed25519_public?: string } } | null;
  return config?.ssh_keys?.ed25519_public ?? '';
}
