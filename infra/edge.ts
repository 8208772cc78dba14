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
  readonly address: pulumi.Output<string>;
}

/**
 * What the world sees: the name, and the certificate between Cloudflare and what is behind it. Nothing zone-wide. A CDN's name is the operator's:
 * DigitalOcean takes no certificate of Cloudflare's origin authority for one, nor does its provider make what needs none.
 */
export class Edge extends pulumi.ComponentResource {
  /** For Caddy, where Cloudflare is in front: an ACME challenge would not reach it there. Without: Caddy gets its own. */
  readonly certificate: Certificate | undefined;

  constructor(name: string, { settings, address }: EdgeArgs, options?: pulumi.ComponentResourceOptions) {
    super('oven:edge:Edge', name, {}, options);
    const { domain, zoneId, proxied } = settings;
    this.certificate = proxied ? originCertificate(this, 'origin', domain) : undefined;
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
      { parent: this },
    );
    this.registerOutputs({});
  }
}

/** Cloudflare's word for "as it likes", which proxied records must have. */
const AUTOMATIC = 1;
const COMMENT = 'Made by Oven’s Pulumi program';
/** The longest that Cloudflare's own authority gives: only Cloudflare trusts it, and it can be revoked at any time. */
const FIFTEEN_YEARS_IN_DAYS = 5475;

/** A certificate that Cloudflare accepts from what is behind it, even in mode Full (strict). */
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
