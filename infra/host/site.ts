/** The deployment's own values in the host's files. None is secret. */
export interface Site {
  /** The public name, such as oven.aesthetic.computer. */
  readonly domain: string;
  /** Behind Cloudflare's proxy: Caddy uses the origin certificate. Otherwise Caddy gets one by ACME. */
  readonly proxied: boolean;
  /** Networks (CIDR) of proxies. Caddy trusts their header with the caller's address. */
  readonly trustedProxies: readonly string[];
  /** Whether the host is one of several behind a load balancer, which passes TLS on to it. */
  readonly balanced?: boolean;
  /** The address of the ACME account. */
  readonly acmeEmail?: string;
}

/** A file of the host, with its absolute path. */
export interface HostFile {
  readonly path: string;
  readonly content: string;
}
