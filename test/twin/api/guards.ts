import type { FirewallRule } from '../net/firewall.ts';
import type { DropletGuard, NamedAddress } from './hardware.ts';
import type { Droplet, Firewall, Rule, State } from './state.ts';

/** Firewalls that apply to a droplet: by its id, or by a tag that both have. */
export function firewallsOf(state: State, droplet: Droplet): Firewall[] {
  return [...state.firewalls.values()].filter(
    ({ droplets, tags }) => droplets.has(droplet.id) || [...tags].some((tag) => droplet.tags.has(tag)),
  );
}

/** What may go to and from each droplet that a firewall applies to: the sum of all that do. Pure. */
export function guardsOf(state: State): Map<number, DropletGuard> {
  const guards = new Map<number, DropletGuard>();
  for (const droplet of state.droplets.values()) {
    const firewalls = firewallsOf(state, droplet);
    if (firewalls.length === 0) continue;
    guards.set(droplet.id, {
      inbound: firewalls.flatMap(({ inbound }) => inbound.map((rule) => resolved(state, rule))),
      outbound: firewalls.flatMap(({ outbound }) => outbound.map((rule) => resolved(state, rule))),
    });
  }
  return guards;
}

function resolved(state: State, { protocol, ports, peers }: Rule): FirewallRule {
  const droplets = [...state.droplets.values()].filter(
    ({ id, tags }) => peers.droplet_ids.includes(id) || peers.tags.some((tag) => tags.has(tag)),
  );
  const addresses = droplets.flatMap(({ address, privateAddress }) =>
    [address, privateAddress].filter((one) => one !== undefined),
  );
  return {
    protocol,
    ...(protocol === 'icmp' ? {} : { ports: ports === '0' ? 'all' : ports }),
    peers: [...new Set([...peers.addresses, ...addresses])],
  };
}

/** The zone's A records by name. Pure. */
export function namesOf(state: State): Map<string, NamedAddress> {
  const records = [...state.records.values()].filter(({ type }) => type === 'A');
  return new Map(records.map(({ name, content, proxied }) => [name, { address: content, proxied }]));
}
