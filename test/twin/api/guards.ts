import type { FirewallRule } from '../net/firewall.ts';
import type { Balancer, DropletGuard, NamedAddress } from './hardware.ts';
import type { Droplet, Firewall, LoadBalancer, Rule, State } from './state.ts';

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
  const balancers = peers.load_balancer_uids.flatMap((id) => state.balancers.get(id)?.privateAddress ?? []);
  return {
    protocol,
    ...(protocol === 'icmp' ? {} : { ports: ports === '0' ? 'all' : ports }),
    peers: [...new Set([...peers.addresses, ...addresses, ...balancers])],
  };
}

/** Droplets that a load balancer passes connections on to: those with its tag, or those it names. */
export function dropletsOf(state: State, { tag, droplets }: LoadBalancer): Droplet[] {
  return [...state.droplets.values()].filter(
    ({ id, tags }) => droplets.has(id) || (tag !== undefined && tags.has(tag)),
  );
}

/** Load balancers by id. Pure. */
export function balancersOf(state: State): Map<string, Balancer> {
  return new Map([...state.balancers.values()].map((one) => [one.id, balancerOf(state, one)]));
}

function balancerOf(state: State, balancer: LoadBalancer): Balancer {
  const { rules, firewall, health } = balancer;
  const targets = dropletsOf(state, balancer).flatMap(({ id, privateAddress, leaving }) =>
    privateAddress === undefined || leaving ? [] : [[id, privateAddress] as const],
  );
  return {
    targets: new Map(targets),
    ports: rules.map(({ entry_port: entry, target_port: target }) => ({ entry, target })),
    allowed: firewall.allow.map((rule) => rule.replace(/^(ip|cidr):/, '')),
    health: {
      port: health.port,
      path: health.path,
      intervalSeconds: health.check_interval_seconds,
      timeoutSeconds: health.response_timeout_seconds,
      rise: health.healthy_threshold,
      fall: health.unhealthy_threshold,
    },
  };
}

/** The zone's A records by name. Pure. */
export function namesOf(state: State): Map<string, NamedAddress> {
  const records = [...state.records.values()].filter(({ type }) => type === 'A');
  return new Map(records.map(({ name, content, proxied }) => [name, { address: content, proxied }]));
}
