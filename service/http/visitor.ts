/** Whose request it is, for what each visitor may have a share of. */
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import ipaddr from 'ipaddr.js';

/**
 * A name for the sender of a request: its address, of IPv6 the network of 64 bits that one household has. The header X-Real-IP,
 * which Caddy sets, counts only from this machine: any other sender could write into it what it likes.
 */
export function visitorOf(c: Context): string {
  const peer = (c.env as Partial<HttpBindings> | undefined)?.incoming?.socket?.remoteAddress;
  const isLocal = peer === undefined || nameOf(peer).startsWith('loopback');
  const given = isLocal ? c.req.header('x-real-ip') : undefined;
  return nameOf(given ?? peer ?? '');
}

/** The name for an address; that of a text that is none says so. */
export function nameOf(address: string): string {
  const text = address.trim();
  if (!ipaddr.isValid(text)) return 'unknown';
  const parsed = ipaddr.process(text); // an IPv4 address in the form of IPv6 becomes IPv4
  if (parsed.range() === 'loopback') return 'loopback';
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const network = parsed.toByteArray().slice(0, 8);
  return `${Buffer.from(network).toString('hex')}/64`;
}
