import { execa } from 'execa';
import { type Guard, renderAddresses, renderFirewall } from './firewall.ts';
import { type Namespace, openNamespace, setUp } from './namespace.ts';

/** The gateway that every machine sees; not routed anywhere. */
const GATEWAY = '169.254.1.1';

/** A small internet: machines with public addresses, and an edge between them that routes, filters and translates. */
export interface Network {
  readonly edge: Namespace;
  /** A namespace with this address, which reaches every other through the edge alone. */
  attach(label: string, address: string): Promise<Attached>;
  /** Replaces the cloud firewall as a whole. */
  guard(guards: readonly Guard[]): Promise<void>;
  /** Assigns a reserved address to a host, or to none. */
  point(reserved: string, to: string | undefined): Promise<void>;
  remove(): Promise<void>;
}

/** A machine's place on the network. */
export interface Attached extends Namespace {
  readonly address: string;
  /** Adds an address that leads here, as a second one of the same machine. */
  addAddress(address: string): Promise<void>;
}

/** How the names of a run's namespaces start. */
export function namespacePrefix(id: string): string {
  return `oven-${id}-`;
}

/** Makes a network of namespaces whose names carry `id`. This machine's own network has no part in it. */
export async function openNetwork(id: string): Promise<Network> {
  const prefix = namespacePrefix(id);
  const edge = await openNamespace(`${prefix}edge`);
  await edge.exec('sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
  const attached = new Set<Namespace>();
  const reserved = new Map<string, string>();
  const load = async (ruleset: string) => {
    await execa('ip', ['netns', 'exec', edge.name, 'nft', '-f', '-'], { input: ruleset });
  };
  let count = 0;
  const attach = async (label: string, address: string): Promise<Attached> => {
    const namespace = await openNamespace(`${prefix}${label}`);
    const port = `to${count++}`;
    const way = (to: string) => `route add ${to}/32 dev ${port}`;
    attached.add(namespace);
    await setUp(edge.name, [
      `link add ${port} type veth peer name eth0 netns ${namespace.name}`,
      `addr add ${GATEWAY}/32 dev ${port}`,
      `link set ${port} up`,
      way(address),
    ]);
    await setUp(namespace.name, [
      `addr add ${address}/32 dev eth0`,
      'link set eth0 up',
      `route add default via ${GATEWAY} dev eth0 onlink src ${address}`,
    ]);
    return {
      ...namespace,
      address,
      addAddress: async (other) => {
        await setUp(namespace.name, [`addr add ${other}/32 dev eth0`]);
        await setUp(edge.name, [way(other)]);
      },
      remove: async () => {
        attached.delete(namespace);
        // Now, rather than when the kernel comes to it: the next machine may get the same address.
        await setUp(edge.name, [`link delete ${port}`]);
        await namespace.remove();
      },
    };
  };
  return {
    edge,
    attach,
    guard: (guards) => load(renderFirewall(guards)),
    point: async (address, to) => {
      if (to === undefined) reserved.delete(address);
      else reserved.set(address, to);
      await load(renderAddresses(reserved));
    },
    remove: async () => {
      for (const namespace of attached) await namespace.remove();
      await edge.remove();
    },
  };
}
