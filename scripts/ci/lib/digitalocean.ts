/** A firewall of DigitalOcean's API, with the fields that this program needs. */
export interface Firewall {
  readonly id?: string;
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
 * The firewall without a network as a source, as the body of a PUT. It drops a rule without any source left, because that rule would admit the world.
 * Undefined when no rule has the network.
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

/** Removes a network from a firewall without Pulumi. Returns whether it was there. Throws when the API refuses. */
export async function closeFirewall(
  id: string,
  network: string,
  environment: NodeJS.ProcessEnv,
): Promise<boolean> {
  const path = `/v2/firewalls/${encodeURIComponent(id)}`;
  const { firewall } = (await request('GET', path, environment)) as { firewall: Firewall };
  const changed = withoutSource(firewall, network);
  if (changed) await request('PUT', path, environment, changed);
  return changed !== undefined;
}

/** The id of the firewall with a name, which is unique; undefined when it does not exist. Throws when the API refuses. */
export async function findFirewall(
  name: string,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const { firewalls } = (await request('GET', '/v2/firewalls?per_page=200', environment)) as {
    firewalls: readonly Firewall[];
  };
  return firewalls.find((firewall) => firewall.name === name)?.id;
}

/** Sends a request to DigitalOcean with the environment's token. Throws when the API refuses, without the API's text. */
export async function request(
  method: string,
  path: string,
  environment: NodeJS.ProcessEnv,
  body?: object,
): Promise<unknown> {
  const api = environment.DIGITALOCEAN_API_URL || 'https://api.digitalocean.com';
  const headers = {
    authorization: `Bearer ${environment.DIGITALOCEAN_TOKEN}`,
    'content-type': 'application/json',
  };
  const response = await fetch(`${api}${path}`, {
    method,
    headers,
    signal: AbortSignal.timeout(15_000),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`DigitalOcean answered ${response.status} to ${method}`);
  return response.json();
}
