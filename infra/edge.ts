import * as cloudflare from '@pulumi/cloudflare';
import * as digitalocean from '@pulumi/digitalocean';
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
  /** `BUCKET.REGION.digitaloceanspaces.com` of the videos. */
  readonly blobsOrigin: pulumi.Output<string>;
}

/** What the world sees: names, and the certificates between Cloudflare and what is behind it. Nothing zone-wide. */
export class Edge extends pulumi.ComponentResource {
  /** For Caddy, where Cloudflare is in front: an ACME challenge would not reach it there. Without: Caddy gets its own. */
  readonly certificate: Certificate | undefined;
  /** Where the CDN's name points to, with `cdnDomain`. */
  readonly cdnTarget: pulumi.Output<string> | undefined;

  constructor(
    name: string,
    { settings, address, blobsOrigin }: EdgeArgs,
    options?: pulumi.ComponentResourceOptions,
  ) {
    super('oven:edge:Edge', name, {}, options);
    const { domain, zoneId, proxied, cdnDomain } = settings;
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
    if (cdnDomain !== undefined) {
      this.cdnTarget = makeCdn(this, cdnDomain, blobsOrigin).endpoint;
      new cloudflare.DnsRecord(
        'cdn-record',
        {
          zoneId,
          name: cdnDomain,
          type: 'CNAME',
          content: this.cdnTarget,
          proxied: true,
          ttl: AUTOMATIC,
          comment: COMMENT,
        },
        { parent: this },
      );
    }
    this.registerOutputs({ cdnTarget: this.cdnTarget });
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

/** Spaces' CDN answers for a name of one's own only with a certificate for it; Cloudflare in front checks that one. */
function makeCdn(
  parent: pulumi.Resource,
  customDomain: string,
  origin: pulumi.Output<string>,
): digitalocean.Cdn {
  const { certificate, privateKey } = originCertificate(parent, 'cdn', customDomain);
  const uploaded = new digitalocean.Certificate(
    'cdn',
    { type: 'custom', leafCertificate: certificate, privateKey },
    { parent },
  );
  return new digitalocean.Cdn(
    'cdn',
    { origin, customDomain, certificateName: uploaded.name, ttl: 3600 },
    { parent },
  );
}
