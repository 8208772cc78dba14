import { randomBytes } from 'node:crypto';
import type { FirewallRule } from '../net/firewall.ts';

/** A droplet as it is handed to what boots it. */
export interface Machine {
  readonly id: number;
  readonly name: string;
  /** cloud-init's user-data as it was sent; secret, since a host's key is in it. */
  readonly userData: string;
  /** DigitalOcean's slug of the size. */
  readonly size: string;
  /** Mebibytes that the size has. */
  readonly memoryMb: number;
  /** Lines of authorized_keys. */
  readonly publicKeys: readonly string[];
}

/** Which traffic a droplet lets in and out: tags and ids of droplets are resolved to addresses already. */
export interface DropletGuard {
  readonly inbound: readonly FirewallRule[];
  readonly outbound: readonly FirewallRule[];
}

/** An A record of the zone. */
export interface NamedAddress {
  readonly address: string;
  /** Whether Cloudflare answers in the host's place. */
  readonly proxied: boolean;
}

/** Where a machine is. */
export interface Placed {
  readonly address: string;
  readonly privateAddress: string;
}

/** A load balancer as it is handed to what runs it. */
export interface Balancer {
  /** Private addresses of its droplets, by their ids. */
  readonly targets: ReadonlyMap<number, string>;
  /** TCP ports, and the ports of the droplets that they lead to. */
  readonly ports: readonly { readonly entry: number; readonly target: number }[];
  /** CIDR blocks and addresses that may connect; empty for everyone. */
  readonly allowed: readonly string[];
  readonly health: {
    readonly port: number;
    readonly path: string;
    readonly intervalSeconds: number;
    readonly timeoutSeconds: number;
    readonly rise: number;
    readonly fall: number;
  };
}

/** What stands behind the APIs: machines, addresses, firewalls, names. What it throws ends an action as `errored`. */
export interface Hardware {
  /** Resolves when the machine is switched on. Its guard, if it has one, is given before. */
  boot(machine: Machine): Promise<Placed>;
  destroy(dropletId: number): Promise<void>;
  /** The reserved address leads to the droplet from now on, or nowhere. */
  point(reserved: string, dropletId: number | undefined): Promise<void>;
  /** All guards, each time as a whole; a droplet that is not in it is open, as in the cloud. */
  guard(guards: ReadonlyMap<number, DropletGuard>): Promise<void>;
  /** All load balancers by id, each time as a whole. Gives where each is. */
  balance(balancers: ReadonlyMap<string, Balancer>): Promise<ReadonlyMap<string, Placed>>;
  /** The whole zone's A records, by name. */
  name(records: ReadonlyMap<string, NamedAddress>): Promise<void>;
  /** Reserved addresses that it may give out, in this order. */
  readonly addresses: readonly string[];
}

/** What a Spaces key may do with a bucket. An empty bucket with `fullaccess` means all of them. */
export interface Grant {
  readonly bucket: string;
  readonly permission: 'read' | 'readwrite' | 'fullaccess';
}

/** The storage behind Spaces keys. */
export interface SpacesAccess {
  create(name: string, grants: readonly Grant[]): Promise<{ accessKey: string; secretKey: string }>;
  update(accessKey: string, grants: readonly Grant[]): Promise<void>;
  remove(accessKey: string): Promise<void>;
  hasBucket(name: string): Promise<boolean>;
}

/** Hardware that is only remembered, for assertions. */
export interface MemoryHardware extends Hardware {
  readonly machines: ReadonlyMap<number, Machine>;
  readonly pointers: ReadonlyMap<string, number>;
  guards: ReadonlyMap<number, DropletGuard>;
  balancers: ReadonlyMap<string, Balancer>;
  records: ReadonlyMap<string, NamedAddress>;
}

/** Hardware in memory: every call is done at once, unless `before` makes it wait or throw. */
export function memoryHardware({
  addresses = ['192.0.2.200', '192.0.2.201'],
  before = async () => {},
}: {
  readonly addresses?: readonly string[];
  /** Called with what is about to be done: boot, destroy, point, guard, balance or name. */
  readonly before?: (what: keyof Hardware) => Promise<void>;
} = {}): MemoryHardware {
  const machines = new Map<number, Machine>();
  const pointers = new Map<string, number>();
  let count = 0;
  const hardware: MemoryHardware = {
    machines,
    pointers,
    addresses,
    guards: new Map(),
    balancers: new Map(),
    records: new Map(),
    boot: async (machine) => {
      await before('boot');
      machines.set(machine.id, machine);
      count += 1;
      return { address: `198.51.100.${count}`, privateAddress: `10.0.0.${count}` };
    },
    destroy: async (id) => {
      await before('destroy');
      machines.delete(id);
    },
    point: async (reserved, id) => {
      await before('point');
      if (id === undefined) pointers.delete(reserved);
      else pointers.set(reserved, id);
    },
    guard: async (guards) => {
      await before('guard');
      hardware.guards = guards;
    },
    balance: async (balancers) => {
      await before('balance');
      hardware.balancers = balancers;
      return new Map(
        [...balancers.keys()].map((id, index) => [
          id,
          { address: `203.0.113.${100 + index}`, privateAddress: `10.0.1.${index}` },
        ]),
      );
    },
    name: async (records) => {
      await before('name');
      hardware.records = records;
    },
  };
  return hardware;
}

/** A Spaces key, with the fields that the storage needs. */
export interface SpacesGrant {
  readonly secretKey: string;
  readonly grants: readonly Grant[];
}

/** Spaces keys of random bytes, of which `apply` is given all by their access key, after each change. */
export function wholeSpaces({
  apply,
  hasBucket,
}: {
  readonly apply: (keys: ReadonlyMap<string, SpacesGrant>) => Promise<void>;
  readonly hasBucket: (name: string) => Promise<boolean>;
}): SpacesAccess {
  const keys = new Map<string, SpacesGrant>();
  return {
    hasBucket,
    create: async (_name, grants) => {
      const accessKey = `DO00${randomBytes(8).toString('hex').toUpperCase()}`;
      const secretKey = randomBytes(32).toString('base64url');
      keys.set(accessKey, { secretKey, grants });
      await apply(keys);
      return { accessKey, secretKey };
    },
    update: async (accessKey, grants) => {
      const key = keys.get(accessKey);
      if (!key) throw new Error(`no key ${accessKey}`);
      keys.set(accessKey, { ...key, grants });
      await apply(keys);
    },
    remove: async (accessKey) => {
      keys.delete(accessKey);
      await apply(keys);
    },
  };
}

/** Spaces keys that open nothing. `buckets` are the ones that exist; without it, all do. */
export function memorySpaces(buckets?: ReadonlySet<string>): SpacesAccess {
  let count = 0;
  return {
    create: async () => {
      count += 1;
      return {
        accessKey: `DO00TWIN${String(count).padStart(12, '0')}`,
        secretKey: `secret-of-a-twin-${count}`,
      };
    },
    update: async () => {},
    remove: async () => {},
    hasBucket: async (name) => buckets?.has(name) ?? true,
  };
}
