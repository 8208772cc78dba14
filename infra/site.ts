import type { Settings } from './config.ts';
import type { Site } from './host/site.ts';

/** Private networks: a load balancer asks from an address in one of them, and nothing else can. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];

/** The deployment's values in the files of its hosts. `proxies` are the networks of Cloudflare's proxy. */
export function siteOf({ domain, proxied, alertEmail, nodes }: Settings, proxies: readonly string[]): Site {
  const site = { domain, proxied, acmeEmail: alertEmail };
  if (nodes === 1) return { ...site, trustedProxies: proxies };
  return { ...site, trustedProxies: PRIVATE, balanced: true };
}
