import { isIP } from 'node:net';
import { z } from 'zod';
import type { Peers, Rule } from '../state.ts';
import { list } from '../strict.ts';

const ADDRESS = z.string().refine((text) => {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}, 'is neither an IP address nor a CIDR block');

const PEERS = z
  .strictObject({
    addresses: list(ADDRESS),
    tags: list(z.string()),
    droplet_ids: list(z.number().int()),
    load_balancer_uids: list(z.string()),
    kubernetes_ids: list(z.never('this twin has no Kubernetes clusters')),
  })
  .transform(({ kubernetes_ids: _, ...peers }): Peers => peers)
  .refine((peers) => Object.values(peers).some((ends) => ends.length > 0), {
    message: 'must name at least one source or destination',
  });

const PROTOCOL = z.enum(['tcp', 'udp', 'icmp']);
const PORTS = z.string().optional();

/** What follows a request's `ports`: all of a protocol is shown as `0`, and so is ICMP, which has none. */
function rule(protocol: Rule['protocol'], ports: string | undefined, peers: Peers, c: z.RefinementCtx): Rule {
  if (protocol === 'icmp') return { protocol, ports: '0', peers };
  if (ports === 'all' || ports === '0') return { protocol, ports: '0', peers };
  const [from, to = from, ...more] = (ports ?? '')
    .split('-')
    .map((text) => (/^\d{1,5}$/.test(text) ? Number(text) : 0));
  if (!from || !to || more.length > 0 || to > 65535 || from > to) {
    c.addIssue({ code: 'custom', path: ['ports'], message: 'you must specify a valid range for ports' });
  }
  return { protocol, ports: ports ?? '', peers };
}

/** Rules for what comes in, as they are sent. */
export const inboundRules = list(
  z
    .strictObject({ protocol: PROTOCOL, ports: PORTS, sources: PEERS })
    .transform(({ protocol, ports, sources }, c) => rule(protocol, ports, sources, c)),
);

/** Rules for what goes out, as they are sent. */
export const outboundRules = list(
  z
    .strictObject({ protocol: PROTOCOL, ports: PORTS, destinations: PEERS })
    .transform(({ protocol, ports, destinations }, c) => rule(protocol, ports, destinations, c)),
);

/** Rules as they are shown: of the far ends only those kinds that there are. */
export function showRules(rules: readonly Rule[], side: 'sources' | 'destinations') {
  return rules.map(({ protocol, ports, peers }) => ({
    protocol,
    ports,
    [side]: Object.fromEntries(Object.entries(peers).filter(([, ends]) => ends.length > 0)),
  }));
}

/** Whether two rules are equal, in any order of their parts. */
export function sameRule(one: Rule, other: Rule): boolean {
  const key = ({ protocol, ports, peers }: Rule) =>
    JSON.stringify([protocol, ports, ...Object.values(peers).map((ends) => ends.map(String).sort())]);
  return key(one) === key(other);
}
