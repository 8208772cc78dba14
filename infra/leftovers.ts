/** A resource of a stack, as `pulumi stack export` has it. */
export interface StateResource {
  readonly type: string;
  readonly id?: string;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** What DigitalOcean's account has of the kinds that a stack makes, as its API lists them. */
export interface Account {
  readonly droplets: readonly { id: number; name: string; created_at: string; tags: readonly string[] }[];
  readonly reserved_ips: readonly { ip: string; droplet: object | null }[];
  readonly ssh_keys: readonly { id: number; name: string }[];
  readonly keys: readonly { access_key: string; name: string }[];
  readonly firewalls: readonly { id: string; name: string }[];
}

/** The name that droplets, tag and firewall of a stack have; undefined where its state has no tag. */
export function hostNameOf(state: readonly StateResource[]): string | undefined {
  const tag = state.find(({ type }) => type === 'digitalocean:index/tag:Tag');
  return tag?.id;
}

/**
 * What an `up` that was killed while it made something may have left in the account: of this stack by its tag or name, and not in its state. A
 * line for each, with what removes it. An address has no name: every one that leads nowhere is told.
 */
export function leftovers(state: readonly StateResource[], account: Account, name: string): string[] {
  const known = new Set(state.map(({ id }) => id));
  const isUnknown = (id: number | string) => !known.has(String(id));
  const { droplets, reserved_ips, ssh_keys, keys, firewalls } = account;
  return [
    ...droplets
      .filter(({ id, tags }) => tags.includes(name) && isUnknown(id))
      .map(
        (one) =>
          `droplet ${one.id} (${one.name}, of ${one.created_at}): doctl compute droplet delete ${one.id}`,
      ),
    ...reserved_ips
      .filter(({ ip, droplet }) => droplet === null && isUnknown(ip))
      .map(
        ({ ip }) =>
          `address ${ip}, which leads nowhere, if nobody else keeps it: doctl compute reserved-ip delete ${ip}`,
      ),
    ...ssh_keys
      .filter((key) => /^login-[0-9a-f]{7}$/.test(key.name) && isUnknown(key.id))
      .map((key) => `SSH key ${key.id} (${key.name}): doctl compute ssh-key delete ${key.id}`),
    ...keys
      .filter((key) => [`${name}-art`, `${name}-blobs`].includes(key.name) && isUnknown(key.access_key))
      .map((key) => `Spaces key ${key.access_key} (${key.name}): doctl spaces keys delete ${key.access_key}`),
    ...firewalls
      .filter((firewall) => firewall.name === name && isUnknown(firewall.id))
      .map(({ id }) => `firewall ${id} (${name}): doctl compute firewall delete ${id}`),
  ];
}
