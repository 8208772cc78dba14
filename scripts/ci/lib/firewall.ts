/** The output of `pulumi stack export`, with the fields that this program needs. */
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

/** A firewall that admits a network. */
export interface Opened {
  readonly urn: string;
  /** DigitalOcean's id; undefined while Pulumi makes the firewall. */
  readonly id: string | undefined;
}

/**
 * The firewall that admits `network` in the state or in a pending operation: an interrupted update may have reached DigitalOcean and not the state.
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
 * Whether a run may remove the lock that refuses it: only a lock of this machine, and not the lock of a running update. A lock in a Space names its
 * machine. Pulumi Cloud's lock does not: there it needs the `outcome` of a killed update.
 */
export function mayCancel(message: string, hostname: string, outcome: string): boolean {
  if (/currently locked by/.test(message)) {
    const holders = [...message.matchAll(/created by \S*@(\S+) \(pid/g)].map(([, host]) => host);
    return holders.length > 0 && holders.every((host) => host === hostname);
  }
  return outcome === 'cancelled' && /another update is currently in progress/i.test(message);
}
