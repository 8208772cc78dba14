import { execa } from 'execa';

/** A network of namespaces: a hub with everything that hosts share, and the hosts. Nothing leads out of it. */
export interface Network {
  /** The namespace of the hub. */
  readonly hub: string;
  readonly hosts: readonly { readonly namespace: string; readonly address: string }[];
  remove(): Promise<void>;
}

export const HUB_ADDRESS = '10.77.0.254';

/** Makes it. Throws where this user or kernel can't. */
export async function openNetwork(id: string, count: number): Promise<Network> {
  const hub = `oven-cluster-${id}`;
  const hosts = Array.from({ length: count }, (_, n) => ({
    namespace: `${hub}-${n + 1}`,
    address: `10.77.0.${n + 1}`,
  }));
  const all = [hub, ...hosts.map(({ namespace }) => namespace)];
  const remove = async () => {
    for (const name of all) await execa('ip', ['netns', 'delete', name], { reject: false });
  };
  try {
    for (const name of all) await execa('ip', ['netns', 'add', name]);
    await run(hub, [
      'link set lo up',
      'link add hub type bridge',
      `address add ${HUB_ADDRESS}/24 dev hub`,
      'link set hub up',
    ]);
    for (const [n, { namespace, address }] of hosts.entries()) {
      const port = linkOf(n);
      await run(hub, [
        `link add ${port} type veth peer name eth0 netns ${namespace}`,
        `link set ${port} master hub`,
        `link set ${port} up`,
      ]);
      await run(namespace, ['link set lo up', `address add ${address}/24 dev eth0`, 'link set eth0 up']);
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { hub, hosts, remove };
}

/** Cuts the cable of a host, or joins it again: what was sent meanwhile is lost, and nobody is told. Runs in the hub. */
export async function setCable(host: number, state: 'up' | 'down'): Promise<void> {
  await execa('ip', ['link', 'set', linkOf(host), state]);
}

function linkOf(host: number): string {
  return `host${host + 1}`;
}

async function run(namespace: string, lines: readonly string[]): Promise<void> {
  await execa('ip', ['-n', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
