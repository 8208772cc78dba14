/** What the host's files need to know of the place they are for; none of it is secret. */
export interface Site {
  /** The name that Oven is reached by, such as oven.aesthetic.computer. */
  readonly domain: string;
  /** Behind Cloudflare's proxy: TLS by the origin certificate that was put onto the host. Otherwise Caddy gets one by ACME. */
  readonly proxied: boolean;
  /** Networks (CIDR) of the proxies whose word on the caller's address is believed. */
  readonly trustedProxies: readonly string[];
  /** Whom the certificate authority writes to, where the certificate comes by ACME. */
  readonly acmeEmail?: string;
}

/** A file of the host: where it goes, and what is in it. */
export interface HostFile {
  readonly path: string;
  readonly content: string;
}
