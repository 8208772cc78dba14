import { type Attached, type Network, openNetwork } from '../net/network.ts';
import { openSockets, type Sockets } from '../net/sockets.ts';
import { createHost, type Login, type TwinHost } from './host.ts';
import { removeRun } from './leftovers.ts';
import { ensurePackages, packagesOf } from './packages.ts';
import { openRun, type Run } from './place.ts';
import { ensureRoot } from './root.ts';

/** Addresses for documentation. No machine has them, so a stray packet arrives nowhere. */
export const CLIENT_ADDRESS = '198.51.100.10';
const HOST_ADDRESSES = '203.0.113.';

export interface BootOptions {
  readonly userData: string;
  readonly login: Login;
  /** Also the machine's host name; short, since it ends up in names of namespaces. */
  readonly label?: string;
  /** Root's keys, as the cloud's own; beside what user-data says. */
  readonly sshKeys?: readonly string[];
  /**
   * Whether cloud-init installs the packages of user-data for real, from a repository on the host (about half a
   * minute), or finds them there.
   */
  readonly packages?: 'installed' | 'to install';
  /** A second address, in the private network. */
  readonly privateAddress?: string;
  readonly memoryMb?: number;
  /** Size of a disk of its own. */
  readonly diskMb?: number;
  /** The resolver that it asks for names. */
  readonly resolver?: string;
}

/** Hosts of one test, the network between them, and a client outside. */
export interface Cloud {
  readonly run: Run;
  readonly network: Network;
  readonly client: Attached;
  /** The client's sockets, for this process. */
  readonly sockets: Sockets;
  /** The address that the next host gets: a cloud knows it before, a program under test has to be told. */
  nextAddress(): string;
  /** Boots a host; resolves when it is switched on. */
  boot(options: BootOptions): Promise<TwinHost>;
  /** Ends everything, also what is in a bad state. */
  close(): Promise<void>;
}

/** Makes an empty cloud, after removing what killed tests left behind. */
export async function openCloud(): Promise<Cloud> {
  const run = await openRun(removeRun);
  const network = await openNetwork(run.id);
  const client = await network.attach('client', CLIENT_ADDRESS);
  const sockets = openSockets(client);
  const hosts: TwinHost[] = [];
  let count = 0;
  return {
    run,
    network,
    client,
    sockets,
    nextAddress: () => `${HOST_ADDRESSES}${10 + count}`,
    boot: async ({
      userData,
      label = `host${count}`,
      packages = 'installed',
      privateAddress,
      ...options
    }) => {
      const address = `${HOST_ADDRESSES}${10 + count++}`;
      const root = await ensureRoot();
      const { repository, layer } = await ensurePackages(root, packagesOf(userData));
      const at = await network.attach(label, address);
      if (privateAddress !== undefined) await at.addAddress(privateAddress);
      const layers = packages === 'installed' ? [layer, root] : [root];
      const host = await createHost({ ...options, run, label, at, client, layers, repository, userData });
      hosts.push(host);
      return host;
    },
    close: async () => {
      for (const host of hosts) await host.destroy().catch(() => {});
      await sockets.close();
      await removeRun(run);
    },
  };
}
