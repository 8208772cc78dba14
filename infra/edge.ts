import * as cloudflare from '@pulumi/cloudflare';
import * as pulumi from '@pulumi/pulumi';
import * as tls from '@pulumi/tls';
import type { Settings } from './config.ts';

/** A certificate chain and its key, PEM. */
export interface Certificate {
  readonly certificate: pulumi.Output<string>;
  readonly privateKey: pulumi.Output<string>;
}

export interface EdgeArgs {
  readonly settings: Settings;
}

/**
 * The public name, and the certificate between Cloudflare and the host. It changes nothing of the whole zone. The operator makes a CDN's name:
 * DigitalOcean takes no certificate of Cloudflare's origin authority for a CDN, and its provider makes no CDN without a certificate.
 */
export class Edge extends pulumi.ComponentResource {
  /** Caddy's certificate behind Cloudflare's proxy, where no ACME challenge reaches it. Without the proxy Caddy gets its own. */
  readonly certificate: Certificate | undefined;

  readonly #settings: Settings;

  constructor(name: string, { settings }: EdgeArgs, options?: pulumi.ComponentResourceOptions) {
    super('oven:edge:Edge', name, {}, options);
    const { domain, proxied } = settings;
    this.#settings = settings;
    this.certificate = proxied ? originCertificate(this, 'origin', domain) : undefined;
    this.registerOutputs({});
  }

  /** Leads the public name to an address, after the given resources. */
  lead(address: pulumi.Output<string>, after: readonly pulumi.Resource[]): void {
    const { domain, zoneId, proxied } = this.#settings;
    new cloudflare.DnsRecord(
      'record',
      {
        zoneId,
        name: domain,
        type: 'A',
        content: address,
        proxied,
        ttl: proxied ? AUTOMATIC : 300,
        comment: COMMENT,
      },
      { parent: this, dependsOn: [...after] },
    );
  }
}

/** Cloudflare's automatic TTL, which a proxied record must have. */
const AUTOMATIC = 1;
const COMMENT = 'Made by Oven’s Pulumi program';
/** The longest validity that Cloudflare's origin authority gives. Only Cloudflare trusts that authority, and the certificate can be revoked. */
const FIFTEEN_YEARS_IN_DAYS = 5475;

/** A certificate that Cloudflare accepts from an origin, also in SSL mode Full (strict). */
function originCertificate(parent: pulumi.Resource, name: string, hostname: string): Certificate {
  const key = new tls.PrivateKey(`${name}-key`, { algorithm: 'ECDSA', ecdsaCurve: 'P256' }, { parent });
  const request = new tls.CertRequest(
    `${name}-request`,
    { privateKeyPem: key.privateKeyPem, subject: { commonName: hostname }, dnsNames: [hostname] },
    { parent },
  );
  const { certificate } = new cloudflare.OriginCaCertificate(
    `${name}-certificate`,
    {
      csr: request.certRequestPem,
      hostnames: [hostname],
      requestType: 'origin-ecc',
      requestedValidity: FIFTEEN_YEARS_IN_DAYS,
    },
    { parent },
  );
  return { certificate, privateKey: pulumi.secret(key.privateKeyPem) };
}
