import { createHash } from 'node:crypto';
import * as command from '@pulumi/command';
import * as digitalocean from '@pulumi/digitalocean';
import * as pulumi from '@pulumi/pulumi';
import * as tls from '@pulumi/tls';
import { QUEUE_PACKAGES } from '../cloud-init/user-data.ts';
import type { Settings } from './config.ts';
import { QUEUE_SIZE } from './costs.ts';
import { queueFirewall } from './firewall.ts';
import { QUEUE_PORT, renderQueueRedis } from './host/redis.ts';
import type { Host } from './host.ts';
import { type Machine, makeMachine } from './machine.ts';
import { queueHostSteps } from './release/queue-host.ts';

export interface QueueArgs {
  readonly settings: Settings;
  readonly host: Host;
  readonly after: pulumi.Resource;
}

/**
 * The queue of several hosts: Redis on a droplet of its own, over TLS and with a password. Nothing replaces the droplet, because the queue is on its
 * disk. Managed Valkey writes to its disk every ten minutes or not at all, and loses accepted tapes.
 */
export class Queue extends pulumi.ComponentResource {
  readonly machine: Machine;
  readonly tag: pulumi.Output<string>;
  /** What the service connects to; secret. */
  readonly url: pulumi.Output<string>;
  /** The certificate of the authority that signs for the queue host, PEM. */
  readonly authority: pulumi.Output<string>;
  /** Redis runs when this is made. */
  readonly ready: pulumi.Resource;

  constructor(name: string, { settings, host, after }: QueueArgs, options?: pulumi.ComponentResourceOptions) {
    super('oven:queue:Queue', name, {}, options);
    const { dropletName, dropletImage: image, region } = settings;
    this.tag = new digitalocean.Tag('queue', { name: `${dropletName}-queue` }, { parent: this }).name;
    const firewall = queueFirewall(this, settings, { hosts: host.tag, tag: this.tag });
    this.machine = makeMachine(
      {
        resource: 'queue',
        keyResource: 'queue-host-key',
        name: `${dropletName}-queue`,
        size: QUEUE_SIZE,
        image,
        region,
        tag: this.tag,
        login: host.login,
        boot: { packages: QUEUE_PACKAGES, rebootTime: '10:50' },
      },
      {
        parent: this,
        dependsOn: [firewall, after],
        ignoreChanges: ['sshKeys', 'image', 'region', 'userData'],
      },
    );
    const address = this.machine.droplet.ipv4AddressPrivate;
    const { authority, certificate } = makeCertificate(this, address);
    this.authority = authority;
    const password = makePassword(this);
    this.url = pulumi.secret(pulumi.interpolate`rediss://:${password}@${address}:${QUEUE_PORT}`);
    this.ready = this.#setUp({
      certificate,
      settings: pulumi.secret(password.apply(renderQueueRedis)),
    });
    this.registerOutputs({});
  }

  #setUp(secrets: Record<'certificate' | 'settings', pulumi.Output<string>>): pulumi.Resource {
    let before: pulumi.Resource | undefined;
    const outputs: pulumi.Output<string>[] = [];
    for (const { name, create, stdin } of queueHostSteps()) {
      const step: command.remote.Command = new command.remote.Command(
        name,
        {
          connection: this.machine.connection(),
          create,
          ...(stdin === undefined
            ? {}
            : { stdin: secrets[stdin], logging: command.types.enums.remote.Logging.None }),
          triggers: [this.machine.droplet.id, ...(stdin === undefined ? outputs : [])],
          addPreviousOutputInEnv: false,
        },
        { parent: this, ...(before === undefined ? {} : { dependsOn: [before] }) },
      );
      if (stdin !== undefined) outputs.push(step.stdout);
      before = step;
    }
    return before!;
  }
}

const YEAR_IN_HOURS = 8766;

/** An authority of the stack's own, and a certificate of the queue host's private address with its key. Both are renewed a year before they end. */
function makeCertificate(parent: pulumi.Resource, address: pulumi.Output<string>) {
  const options = { parent };
  const validity = { validityPeriodHours: 10 * YEAR_IN_HOURS, earlyRenewalHours: YEAR_IN_HOURS };
  const makeKey = (name: string) =>
    new tls.PrivateKey(name, { algorithm: 'ECDSA', ecdsaCurve: 'P256' }, options).privateKeyPem;
  const authorityKey = makeKey('queue-authority-key');
  const { certPem: authority } = new tls.SelfSignedCert(
    'queue-authority',
    {
      privateKeyPem: authorityKey,
      subject: { commonName: "Oven's queue" },
      isCaCertificate: true,
      allowedUses: ['cert_signing'],
      ...validity,
    },
    options,
  );
  const key = makeKey('queue-key');
  const { certRequestPem } = new tls.CertRequest(
    'queue-request',
    { privateKeyPem: key, subject: { commonName: 'queue' }, ipAddresses: [address] },
    options,
  );
  const { certPem } = new tls.LocallySignedCert(
    'queue-certificate',
    {
      certRequestPem,
      caPrivateKeyPem: authorityKey,
      caCertPem: authority,
      allowedUses: ['digital_signature', 'server_auth'],
      ...validity,
    },
    options,
  );
  return { authority, certificate: pulumi.secret(pulumi.interpolate`${certPem}\n${key}`) };
}

/** The hash of a key that nothing else uses: no provider of random texts is needed. */
function makePassword(parent: pulumi.Resource): pulumi.Output<string> {
  const { privateKeyPem } = new tls.PrivateKey('queue-password', { algorithm: 'ED25519' }, { parent });
  return pulumi.secret(privateKeyPem.apply((key) => createHash('sha256').update(key).digest('hex')));
}
