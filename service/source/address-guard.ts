import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { buildConnector } from 'undici';
import { SourceError } from './errors.ts';

export interface GuardOptions {
  /** Milliseconds for the lookup, the connection and TLS together. */
  readonly connectMs: number;
  /** In place of the system's, for tests; called with `all: true`. */
  readonly lookup?: LookupFunction;
}

/** All that IANA gives out of IPv6; the rest is nobody's, so that a private network may use it. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an IP address (IPv6 with or without brackets) belongs to the public internet. False for private, loopback,
 * link-local and reserved ranges, for ways to write IPv4 as IPv6, and for what is no address.
 */
export function isPublicAddress(address: string): boolean {
  const bare = unbracketed(address);
  // isIP first: ipaddr.js also reads short and octal forms, in which others may see another address.
  if (isIP(bare) === 0) return false;
  const parsed = ipaddr.process(bare);
  return parsed.range() === 'unicast' && (parsed.kind() === 'ipv4' || parsed.match(GLOBAL_IPV6));
}

/**
 * A connector for undici's Agent that opens sockets to public addresses only, except for the origins that `trusted`
 * accepts. The addresses checked are the ones connected to: the name is looked up once, inside the connection, so that
 * a second answer of the DNS can't take its place. Fails with FetchError SOURCE_PRIVATE_ADDRESS.
 */
export function guardedConnector(
  trusted: (origin: string) => boolean,
  { connectMs, lookup = systemLookup as LookupFunction }: GuardOptions,
): buildConnector.connector {
  // One transfer a connection: HTTP/2 would only add ways to fail.
  const common = { timeout: connectMs, allowH2: false };
  const open = buildConnector({ ...common, lookup } as buildConnector.BuildOptions);
  const guarded = buildConnector({ ...common, lookup: publicOnly(lookup) } as buildConnector.BuildOptions);
  return (options, callback) => {
    const { protocol, host, hostname } = options;
    if (trusted(new URL(`${protocol}//${host ?? hostname}`).origin)) {
      open(options, callback);
    } else if (isIP(unbracketed(hostname)) && !isPublicAddress(hostname)) {
      // Sockets look up names only, so that an address in the URL itself never gets to `publicOnly`.
      process.nextTick(callback, privateAddress(), null);
    } else {
      guarded(options, callback);
    }
  };
}

/** A lookup that leaves out the addresses that are not public, and fails with SOURCE_PRIVATE_ADDRESS if none is left. */
export function publicOnly(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, []);
      const all = Array.isArray(found) ? found : [];
      const addresses = all.filter(({ address }) => isPublicAddress(address));
      const [first] = addresses;
      if (!first) return callback(privateAddress(), []);
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function privateAddress(): SourceError {
  return new SourceError('SOURCE_PRIVATE_ADDRESS', 'The address of the tape is not on the public internet.');
}

/** An IPv6 address of a URL without its brackets; anything else as it is. */
export function unbracketed(address: string): string {
  return address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address;
}
