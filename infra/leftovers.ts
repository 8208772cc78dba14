/** A resource in the output of `pulumi stack export`. */
export interface StateResource {
  readonly type: string;
  readonly id?: string;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** The resources of DigitalOcean's account, as its API lists them, of the kinds that a stack makes. */
export interface Account {
  readonly droplets: readonly { id: number; name: string; created_at: string; tags: readonly string[] }[];
  readonly reserved_ips: readonly { ip: string; droplet: object | null }[];
  readonly ssh_keys: readonly { id: number; name: string }[];
  readonly keys: readonly { access_key: string; name: string }[];
  readonly firewalls: readonly { id: string; name: string }[];
  readonly load_balancers: readonly { id: string; name: string }[];
}

/** The name of the stack's droplets, tag and firewall; undefined when its state has no tag. */
export function hostNameOf(state: readonly StateResource[]): string | undefined {
  const tags = state.filter(({ type }) => type === 'digitalocean:index/tag:Tag').map(({ id = '' }) => id);
  // The queue host's tag is that of the hosts, and more.
  return tags.toSorted((a, b) => a.length - b.length)[0];
}

/**
 * Resources that a killed `up` may have left in the account: they have the stack's tag or name, and are not in its state. Each line ends with the
 * command that removes one. An address has no name, so every unassigned address is listed.
 */
export function leftovers(state: readonly StateResource[], account: Account, name: string): string[] {
  const known = new Set(state.map(({ id }) => id));
  const isUnknown = (id: number | string) => !known.has(String(id));
  const { droplets, reserved_ips, ssh_keys, keys, firewalls, load_balancers } = account;
  const queue = `${name}-queue`;
  return [
    ...droplets
      .filter(({ id, tags }) => (tags.includes(name) || tags.includes(queue)) && isUnknown(id))
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
      .filter((one) => [name, `${name}-balanced`, queue].includes(one.name) && isUnknown(one.id))
      .map((one) => `firewall ${one.id} (${one.name}): doctl compute firewall delete ${one.id}`),
    ...load_balancers
      .filter((one) => one.name === name && isUnknown(one.id))
      .map((one) => `load balancer ${one.id} (${name}): doctl compute load-balancer delete ${one.id}`),
  ];
}
