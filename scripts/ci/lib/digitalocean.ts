/** A firewall as DigitalOcean's API gives it, as far as it is read here. */
export interface Firewall {
  readonly name: string;
  readonly inbound_rules: readonly Rule[];
  readonly outbound_rules: readonly Rule[];
  readonly droplet_ids?: readonly number[] | null;
  readonly tags?: readonly string[] | null;
}

interface Rule {
  readonly protocol: string;
  readonly ports?: string;
  readonly sources?: Readonly<Record<string, readonly unknown[] | null>>;
}

/**
 * What has to be put to have the firewall without a network. A rule that would be left with no source goes: with none, it would let everyone
 * in. Undefined where the network is not let in anyway.
 */
export function withoutSource(firewall: Firewall, network: string): Firewall | undefined {
  // DigitalOcean gives a single address back without its prefix.
  const names = [network, network.replace(/\/32$/, '')];
  const lets = (rule: Rule) => rule.sources?.addresses?.some((address) => names.includes(String(address)));
  if (!firewall.inbound_rules.some(lets)) return undefined;
  const rules = firewall.inbound_rules.map((rule) => {
    if (!lets(rule)) return rule;
    const addresses = rule.sources?.addresses?.filter((address) => !names.includes(String(address))) ?? [];
    return { ...rule, sources: { ...rule.sources, addresses } };
  });
  const { name, outbound_rules, droplet_ids, tags } = firewall;
  return {
    name,
    inbound_rules: rules.filter((rule) => Object.values(rule.sources ?? {}).some((list) => list?.length)),
    outbound_rules,
    droplet_ids: droplet_ids ?? [],
    tags: tags ?? [],
  };
}

/** Shuts a network out beside Pulumi, for when Pulumi can't. Says whether it was in. Throws when the API refuses. */
export async function shutOut(id: string, network: string, environment: NodeJS.ProcessEnv): Promise<boolean> {
  const api = environment.DIGITALOCEAN_API_URL || 'https://api.digitalocean.com';
  const url = `${api}/v2/firewalls/${encodeURIComponent(id)}`;
  const headers = {
    authorization: `Bearer ${environment.DIGITALOCEAN_TOKEN}`,
    'content-type': 'application/json',
  };
  const ask = async (init: RequestInit) => {
    const response = await fetch(url, { ...init, headers, signal: AbortSignal.timeout(15_000) });
    if (!response.ok) throw new Error(`DigitalOcean answered ${response.status} to ${init.method}`);
    return (await response.json()) as { firewall: Firewall };
  };
  const changed = withoutSource((await ask({ method: 'GET' })).firewall, network);
  if (changed) await ask({ method: 'PUT', body: JSON.stringify(changed) });
  return changed !== undefined;
}
