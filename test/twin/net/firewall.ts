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
  const jumps = [
    ...guards.map(({ address }, index) => `    ip saddr ${address} jump from-${index}\n`),
    ...guards.map(({ address }, index) => `    ip daddr ${address} jump to-${index}\n`),
  ];
  return `table ip firewall
delete table ip firewall
table ip firewall {
${guards.map(chains).join('')}\
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    ct state invalid drop
${jumps.join('')}\
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
  // A host that calls its own reserved address would get an answer from itself, which it takes for a forgery.
  const loops = [...new Set(addresses.values())].map(
    (to) => `    ip saddr ${to} ip daddr ${to} masquerade\n`,
  );
  return `table ip addresses
delete table ip addresses
table ip addresses {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
${rules.join('')}\
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
${loops.join('')}\
  }
}
`;
}

function chains({ inbound, outbound }: Guard, index: number): string {
  // What may leave one host has yet to be let in by another, so it goes on through the rules.
  return (
    chain(`to-${index}`, inbound, 'saddr', 'accept') + chain(`from-${index}`, outbound, 'daddr', 'return')
  );
}

function chain(name: string, rules: readonly FirewallRule[], side: string, verdict: string): string {
  const lines = rules.flatMap((rule) => matches(rule, side).map((match) => `    ${match} ${verdict}\n`));
  return `  chain ${name} {\n${lines.join('')}    counter drop\n  }\n`;
}

function matches({ protocol, ports = 'all', peers }: FirewallRule, side: string): string[] {
  // The hosts here have IPv4 only.
  const addresses = peers.filter((peer) => !isIPv6(peer.replace(/\/.*/, '')));
  if (addresses.length === 0) return [];
  const far = addresses.includes('0.0.0.0/0') ? '' : `ip ${side} { ${addresses.join(', ')} } `;
  const any = protocol === 'icmp' || ports === 'all' || ports === '0';
  return [far + (any ? `ip protocol ${protocol}` : `${protocol} dport ${ports}`)];
}
