/** What `pulumi stack export` prints, as far as it is read here. */
export interface Export {
  readonly deployment?: {
    readonly resources?: readonly Resource[];
    readonly pending_operations?: readonly { readonly resource: Resource }[];
  };
}

interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: { readonly inboundRules?: readonly { readonly sourceAddresses?: readonly string[] }[] };
}

/** A firewall that lets a network in. */
export interface Opened {
  readonly urn: string;
  /** DigitalOcean's; missing while it is being made. */
  readonly id: string | undefined;
}

/**
 * The firewall that lets `network` in by what the state says, or had begun to when an update was cut off: such an update may have
 * reached DigitalOcean and not the state.
 */
export function openedFirewall({ deployment }: Export, network: string): Opened | undefined {
  const resources = deployment?.resources ?? [];
  const pending = (deployment?.pending_operations ?? []).map(({ resource }) => resource);
  const opened = [...resources, ...pending].find(
    ({ type, inputs }) =>
      type === 'digitalocean:index/firewall:Firewall' &&
      inputs?.inboundRules?.some(({ sourceAddresses }) => sourceAddresses?.includes(network)),
  );
  if (opened === undefined) return undefined;
  const id = opened.id || resources.find(({ urn }) => urn === opened.urn)?.id;
  return { urn: opened.urn, id: id || undefined };
}

/**
 * Whether a run that is refused because of a lock may take it away: only a lock that this machine left, never that of somebody who works.
 * A Space's lock names its machine. Pulumi Cloud's does not, so there only an update that was killed counts, by its step's `outcome`.
 */
export function mayCancel(message: string, hostname: string, outcome: string): boolean {
  if (/currently locked by/.test(message)) {
    const holders = [...message.matchAll(/created by \S*@(\S+) \(pid/g)].map(([, host]) => host);
    return holders.length > 0 && holders.every((host) => host === hostname);
  }
  return outcome === 'cancelled' && /another update is currently in progress/i.test(message);
}
