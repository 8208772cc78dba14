/** Keeps connections away from private addresses, at the moment when they are made. */
import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { buildConnector } from 'undici';
import { SourceError } from './errors.ts';

export interface GuardOptions {
  /** Milliseconds for lookup, connection and TLS together. */
  readonly connectMs: number;
  /** Replaces the system's lookup in tests; called with `all: true`. */
  readonly lookup?: LookupFunction;
}

/** The part of IPv6 that IANA assigns; a private network may use the rest. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an IP address (IPv6 with or without brackets) belongs to the public internet. False for private, loopback,
 * link-local and reserved ranges, for IPv4 written as IPv6, and for a text that is no address.
 */
export function isPublicAddress(address: string): boolean {
  const bare = unbracketed(address);
  // isIP first: ipaddr.js also reads short and octal forms, which other programs may read as another address.
  if (isIP(bare) === 0) return false;
  const parsed = ipaddr.process(bare);
  return parsed.range() === 'unicast' && (parsed.kind() === 'ipv4' || parsed.match(GLOBAL_IPV6));
}

/**
 * A connector for undici's Agent that opens sockets to public addresses only, except for the origins that `trusted`
 * accepts. It checks the addresses that it connects to: the name is looked up once, inside the connection, so a second answer of
 * the DNS can't replace the first. Fails with SOURCE_PRIVATE_ADDRESS.
 */
export function guardedConnector(
  trusted: (origin: string) => boolean,
  { connectMs, lookup = systemLookup as LookupFunction }: GuardOptions,
): buildConnector.connector {
  // Each connection has one transfer: HTTP/2 has no use here.
  const common = { timeout: connectMs, allowH2: false };
  const open = buildConnector({ ...common, lookup } as buildConnector.BuildOptions);
  const guarded = buildConnector({ ...common, lookup: publicOnly(lookup) } as buildConnector.BuildOptions);
  return (options, callback) => {
    const { protocol, host, hostname } = options;
    if (trusted(new URL(`${protocol}//${host ?? hostname}`).origin)) {
      open(options, callback);
    } else if (isIP(unbracketed(hostname)) && !isPublicAddress(hostname)) {
      // Sockets look up names only: an address in the URL itself never gets to `publicOnly`.
      process.nextTick(callback, privateAddress(), null);
    } else {
      guarded(options, callback);
    }
  };
}

/** A lookup that drops addresses that are not public, and fails with SOURCE_PRIVATE_ADDRESS if none remains. */
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

/** An IPv6 address of a URL without its brackets; any other text unchanged. */
export function unbracketed(address: string): string {
  return address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address;
}
