import { isIPv6 } from 'node:net';

/** One line of a cloud firewall: who may, by which protocol, on which ports of the far end. */
export interface FirewallRule {
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  /** `22`, `8000-9000`, or `all`; nothing for icmp. */
  readonly ports?: string | undefined;
  /** Addresses and CIDR blocks: sources of an inbound rule, destinations of an outbound one. */
  readonly peers: readonly string[];
}

/** A host behind a cloud firewall: what no rule names is dropped, answers to what was let through are not. */
export interface Guard {
  readonly address: string;
  readonly inbound: readonly FirewallRule[];
  readonly outbound: readonly FirewallRule[];
}

/** The ruleset of the edge in nft's language. Hosts without a guard are open, as in the cloud. */
export function renderFirewall(guards: readonly Guard[]): string {
  const names = guards.map((guard, index) => ({ guard, index }));
  return `table ip firewall
delete table ip firewall
table ip firewall {
${names.map(({ guard, index }) => chains(guard, index)).join('')}
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    ct state invalid drop
${names.map(({ guard, index }) => `    ip saddr ${guard.address} jump from-${index}\n`).join('')}\
${names.map(({ guard, index }) => `    ip daddr ${guard.address} jump to-${index}\n`).join('')}\
  }
}
`;
}

/**
 * The ruleset that sends public addresses on to hosts: `to` by `from`. Moving one is a new ruleset; what is connected
 * already stays where it is.
 */
export function renderAddresses(addresses: ReadonlyMap<string, string>): string {
  const rules = [...addresses].map(([from, to]) => `    ip daddr ${from} dnat to ${to}\n`);
  return `table ip addresses
delete table ip addresses
table ip addresses {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
${rules.join('')}\
  }
}
`;
}

function chains({ inbound, outbound }: Guard, index: number): string {
  return chain(`to-${index}`, inbound, 'saddr') + chain(`from-${index}`, outbound, 'daddr');
}

function chain(name: string, rules: readonly FirewallRule[], side: 'saddr' | 'daddr'): string {
  const lines = rules.flatMap((rule) => allow(rule, side));
  return `  chain ${name} {\n${lines.map((line) => `    ${line}\n`).join('')}    counter drop\n  }\n`;
}

function allow({ protocol, ports = 'all', peers }: FirewallRule, side: 'saddr' | 'daddr'): string[] {
  // The hosts here have IPv4 only.
  const addresses = peers.filter((peer) => !isIPv6(peer.replace(/\/.*/, '')));
  if (addresses.length === 0) return [];
  const from = addresses.includes('0.0.0.0/0') ? '' : `ip ${side} { ${addresses.join(', ')} } `;
  if (protocol === 'icmp') return [`${from}ip protocol icmp accept`];
  const port = ports === 'all' || ports === '0' ? `ip protocol ${protocol}` : `${protocol} dport ${ports}`;
  return [`${from}${port} ${side === 'daddr' ? 'return' : 'accept'}`];
}
