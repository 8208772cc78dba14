import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../rig/until.ts';
import { useResolver } from '../net/namespace.ts';
import type { Network } from '../net/network.ts';
import { type Program, startIn } from './program.ts';

/** The resolver that everyone on a network asks, and that knows nothing but what it is told. */
export interface Names {
  readonly address: string;
  /** Replaces the A records; resolves when they are answered so. */
  set(records: ReadonlyMap<string, string>): Promise<void>;
  close(): Promise<void>;
}

export interface NamesOptions {
  readonly folder: string;
  readonly address: string;
  /** Domains that lead to one address with everything below them. */
  readonly domains: Readonly<Record<string, string>>;
}

/** Debian's dnsmasq in a namespace of its own. */
export async function openNames(
  network: Network,
  { folder, address, domains }: NamesOptions,
): Promise<Names> {
  const at = await network.attach('names', address);
  await useResolver(at, address);
  const hosts = join(folder, 'zone.hosts');
  await writeFile(hosts, '');
  const dnsmasq: Program = startIn(at, 'dnsmasq', [
    '--no-daemon',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    `--addn-hosts=${hosts}`,
    `--listen-address=${address}`,
    '--bind-interfaces',
    '--cache-size=0',
    '--local-ttl=1',
    // All other names do not exist: no other server is asked.
    '--local=/#/',
    ...Object.entries(domains).map(([name, to]) => `--address=/${name}/${to}`),
  ]);
  const resolve = async (name: string) => {
    const lines = await at.exec('getent', ['ahostsv4', name]).catch(() => '');
    return lines.split(/\s/, 1)[0] || undefined;
  };
  let known: ReadonlyMap<string, string> = new Map();
  const [domain, to] = Object.entries(domains)[0] ?? [];
  if (domain !== undefined) await until('names are resolved', async () => (await resolve(domain)) === to);
  return {
    address,
    set: async (records) => {
      await writeFile(hosts, renderHosts(records));
      dnsmasq.signal('SIGHUP');
      const names = new Set([...known.keys(), ...records.keys()]);
      known = new Map(records);
      for (const name of names) {
        await until(`${name} is resolved as it should`, async () => {
          return (await resolve(name)) === records.get(name);
        });
      }
    },
    close: dnsmasq.end,
  };
}

/** Records in the form of /etc/hosts. */
export function renderHosts(records: ReadonlyMap<string, string>): string {
  return [...records].map(([name, address]) => `${address} ${name}\n`).join('');
}
