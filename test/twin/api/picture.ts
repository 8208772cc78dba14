import { showGrants } from './digitalocean/spaces-keys.ts';
import { dropletsOf, firewallsOf } from './guards.ts';
import type { Droplet, Firewall, LoadBalancer, Rule, State } from './state.ts';

/** What exists now, as text; a line for each thing, what belongs together indented below it. Pure. */
export function renderPicture(state: State): string {
  const sections: [title: string, lines: readonly string[]][] = [
    ['droplets', all(state.droplets, (droplet) => dropletLines(state, droplet))],
    [
      'reserved addresses',
      all(state.reserved, ({ ip, droplet }) => [`${ip} → ${dropletName(state, droplet)}`]),
    ],
    ['firewalls', all(state.firewalls, firewallLines)],
    ['load balancers', all(state.balancers, (balancer) => balancerLines(state, balancer))],
    ['tags', [...state.tags].map((tag) => `${tag}: on ${count(tagged(state, tag), 'droplet')}`)],
    [
      'VPCs',
      all(state.vpcs, ({ name, region, ipRange, isDefault }) => [
        `${name}: ${ipRange} in ${region}${isDefault ? ', the default' : ''}`,
      ]),
    ],
    ['SSH keys', all(state.keys, ({ name, fingerprint }) => [`${name}: ${fingerprint}`])],
    ['Spaces keys', all(state.spacesKeys, ({ name, grants }) => [`${name}: ${showGrants(grants)}`])],
    [
      'alerts',
      all(state.alerts, ({ description, type, compare, value, window, enabled }) => [
        `${description}: ${type.split('/').at(-1)} ${compare === 'GreaterThan' ? '>' : '<'} ${value} for ${window}${enabled ? '' : ' (off)'}`,
      ]),
    ],
    [
      'uptime checks',
      all(state.checks, ({ target, regions, alerts, enabled }) => [
        `${target} from ${regions.join(', ')}${enabled ? '' : ' (off)'}`,
        ...[...alerts.values()].map(
          ({ type, threshold, period }) => `  ${type}${threshold ? ` ${threshold}` : ''} for ${period}`,
        ),
      ]),
    ],
    [
      `zone ${state.zone.name} (SSL ${state.zone.ssl})`,
      all(state.records, ({ type, name, content, proxied, ttl }) => [
        `${type} ${name} → ${content}${proxied ? ' (proxied)' : ` (ttl ${ttl})`}`,
      ]),
    ],
    ['Cloudflare health checks', all(state.healthChecks, ({ name, address }) => [`${name}: ${address}`])],
    [
      'notification policies',
      all(state.policies, ({ name, mechanisms, filters }) => [
        `${name}: ${filters.status.join(', ')} to ${mechanisms.email.map(({ id }) => id).join(', ')}`,
      ]),
    ],
    [
      'origin certificates',
      all(state.certificates, ({ hostnames, requestType, expiresOn }) => [
        `${hostnames.join(', ')}: ${requestType} until ${day(expiresOn)}`,
      ]),
    ],
  ];
  return sections
    .filter(([title, lines]) => lines.length > 0 || title.startsWith('zone') || title === 'droplets')
    .map(
      ([title, lines]) =>
        `${title}\n${(lines.length > 0 ? lines : ['(none)']).map((line) => `  ${line}\n`).join('')}`,
    )
    .join('');
}

function dropletLines(state: State, droplet: Droplet): string[] {
  const { id, name, size, image, region, status, leaving, address, privateAddress, tags } = droplet;
  const firewalls = firewallsOf(state, droplet).map((firewall) => firewall.name);
  const reserved = [...state.reserved.values()].filter((one) => one.droplet === id).map(({ ip }) => ip);
  return [
    `${name} (${id}): ${leaving ? 'leaving' : status}, ${size}, ${image}, ${region}`,
    `  address ${address ?? 'none yet'}${privateAddress ? `, private ${privateAddress}` : ''}${reserved.length > 0 ? `, reserved ${reserved.join(', ')}` : ''}`,
    `  ${firewalls.length > 0 ? `behind firewall ${firewalls.join(', ')}` : 'open: no firewall'}${tags.size > 0 ? `, tagged ${[...tags].join(', ')}` : ''}`,
  ];
}

function firewallLines({ name, inbound, outbound, tags, droplets }: Firewall): string[] {
  const behind = [...[...tags].map((tag) => `tag ${tag}`), ...[...droplets].map((id) => `droplet ${id}`)];
  return [
    `${name}: for ${behind.join(', ') || 'nobody'}`,
    ...inbound.map((rule) => `  in  ${ruleWords(rule)} from ${peerWords(rule)}`),
    ...outbound.map((rule) => `  out ${ruleWords(rule)} to ${peerWords(rule)}`),
  ];
}

function balancerLines(state: State, balancer: LoadBalancer): string[] {
  const { name, address, privateAddress, rules, health, firewall } = balancer;
  const droplets = dropletsOf(state, balancer).map((one) => one.name);
  return [
    `${name}: address ${address ?? 'none yet'}, private ${privateAddress ?? 'none yet'}, for ${droplets.join(', ') || 'nobody'}`,
    ...rules.map(
      (rule) =>
        `  ${rule.entry_protocol}/${rule.entry_port} to ${rule.target_protocol}/${rule.target_port}${rule.tls_passthrough ? ', TLS passed through' : ''}`,
    ),
    `  asks ${health.protocol}/${health.port}${health.path} every ${health.check_interval_seconds} s`,
    `  for ${firewall.allow.join(', ') || 'everyone'}`,
  ];
}

function ruleWords({ protocol, ports }: Rule): string {
  return protocol === 'icmp' ? protocol : `${protocol}/${ports === '0' ? 'all' : ports}`;
}

function peerWords({ peers }: Rule): string {
  return [
    ...peers.addresses,
    ...peers.tags.map((tag) => `tag ${tag}`),
    ...peers.droplet_ids.map((id) => `droplet ${id}`),
    ...peers.load_balancer_uids.map((id) => `load balancer ${id}`),
  ].join(', ');
}

function dropletName(state: State, id: number | undefined): string {
  return id === undefined ? 'nowhere' : `${state.droplets.get(id)?.name ?? 'a droplet that is gone'} (${id})`;
}

function tagged(state: State, tag: string): number {
  return [...state.droplets.values()].filter(({ tags }) => tags.has(tag)).length;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function all<T>(things: ReadonlyMap<unknown, T>, lines: (thing: T) => string[]): string[] {
  return [...things.values()].flatMap(lines);
}
