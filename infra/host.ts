import type * as command from '@pulumi/command';
import * as digitalocean from '@pulumi/digitalocean';
import * as pulumi from '@pulumi/pulumi';
import * as tls from '@pulumi/tls';
import { renderUserData } from '../cloud-init/user-data.ts';
import type { Settings } from './config.ts';

export interface HostArgs {
  readonly settings: Settings;
  /** Where requests may come from when Cloudflare is in front. */
  readonly proxies: readonly string[];
  /** The id of the account's own key to log in with, where it is there already. */
  readonly accountKey: string | undefined;
  /** What has to be made before anything that costs: a token may lack the permission for Spaces keys, which shows only then. */
  readonly after: pulumi.Resource;
}

/** The machine, its network, its address, and how to log in to it. */
export class Host extends pulumi.ComponentResource {
  readonly droplet: digitalocean.Droplet;
  /** Stays when the droplet is replaced; it is given to a droplet by `Release`, once that works. */
  readonly address: digitalocean.ReservedIp;
  readonly firewall: digitalocean.Firewall;
  readonly tag: pulumi.Output<string>;
  readonly privateKey: pulumi.Output<string>;
  readonly hostKey: pulumi.Output<string>;

  constructor(name: string, args: HostArgs, options?: pulumi.ComponentResourceOptions) {
    super('oven:host:Host', name, {}, options);
    const { dropletName, dropletSize: size, dropletImage: image, region } = args.settings;
    const login = loginKey(this, args.settings);
    // Known before the host boots, so that no connection ever has to trust the first key that it is shown.
    const hostKey = new tls.PrivateKey('host-key', { algorithm: 'ED25519' }, { parent: this });
    this.privateKey = login.privateKey;
    this.hostKey = hostKey.publicKeyOpenssh.apply((key) => key.trim());

    this.tag = new digitalocean.Tag('tag', { name: dropletName }, { parent: this }).name;
    this.firewall = makeFirewall(this, args, this.tag);
    const { publicKey } = login;
    const sshKey = new digitalocean.SshKey('login', { publicKey }, loginKeyOptions(this, args));
    const userData = pulumi.secret(
      pulumi
        .all([hostKey.privateKeyOpenssh, this.hostKey, login.publicKey])
        .apply(([key, hostPublicKey, authorized]) =>
          renderUserData({ hostKey: key, hostPublicKey, authorizedKeys: [authorized] }),
        ),
    );
    this.droplet = new digitalocean.Droplet(
      'host',
      {
        name: dropletName,
        size,
        image,
        region,
        tags: [this.tag],
        sshKeys: [sshKey.fingerprint],
        userData,
        monitoring: true,
      },
      { ...replaceByMakingFirst(this), dependsOn: [this.firewall, args.after] },
    );
    const last = { parent: this, dependsOn: [args.after] };
    this.address = new digitalocean.ReservedIp('address', { region }, last);
    this.registerOutputs({ address: this.address.ipAddress });
  }

  /** How remote commands get in: always to this very droplet, never by the address, which may still be another's. */
  connection(): command.types.input.remote.ConnectionArgs {
    return {
      host: this.droplet.ipv4Address,
      user: 'root',
      privateKey: this.privateKey,
      hostKey: this.hostKey,
      // A fresh droplet takes a minute or two to let anyone in.
      dialErrorLimit: 60,
      perDialTimeout: 10,
    };
  }
}

/** A host is replaced by making the new one first; a size is changed that way too, since resizing would switch the host off. */
function replaceByMakingFirst(parent: pulumi.Resource): pulumi.CustomResourceOptions {
  return {
    parent,
    // Pulumi would delete first, since the name stays the same; DigitalOcean lets two droplets have one name.
    deleteBeforeReplace: false,
    replaceOnChanges: ['size'],
    // User-data has the key as well. Here it only keeps DigitalOcean from making a password that must be changed at the first login.
    ignoreChanges: ['sshKeys'],
  };
}

function loginKey(parent: pulumi.Resource, { sshPrivateKey, loginPublicKey }: Settings) {
  if (sshPrivateKey !== undefined && loginPublicKey !== undefined) {
    return { privateKey: sshPrivateKey, publicKey: pulumi.output(loginPublicKey) };
  }
  const made = new tls.PrivateKey('login', { algorithm: 'ED25519' }, { parent });
  return {
    privateKey: pulumi.secret(made.privateKeyOpenssh),
    publicKey: made.publicKeyOpenssh.apply((key) => key.trim()),
  };
}

/** A key that the operator gave is theirs: it is used as it is in the account, under whatever name, and stays there when the stack goes. */
function loginKeyOptions(
  parent: pulumi.Resource,
  { settings, accountKey }: HostArgs,
): pulumi.CustomResourceOptions {
  if (settings.sshPrivateKey === undefined) return { parent };
  const kept = { parent, retainOnDelete: true };
  return accountKey === undefined
    ? kept
    : { ...kept, import: accountKey, ignoreChanges: ['name', 'publicKey'] };
}

/** By tag, so that a new droplet is behind it from its first moment. */
function makeFirewall(
  parent: pulumi.Resource,
  { settings, proxies }: HostArgs,
  tag: pulumi.Output<string>,
): digitalocean.Firewall {
  const web = settings.proxied ? [...proxies] : WORLD;
  return new digitalocean.Firewall(
    'firewall',
    {
      name: settings.dropletName,
      tags: [tag],
      inboundRules: [
        // A new host takes its predecessor's queue over by SSH: hence the tag.
        {
          protocol: 'tcp',
          portRange: '22',
          sourceAddresses: [...settings.sshAllowedCidrs],
          sourceTags: [tag],
        },
        { protocol: 'tcp', portRange: '80', sourceAddresses: web },
        { protocol: 'tcp', portRange: '443', sourceAddresses: web },
      ],
      outboundRules: ['tcp', 'udp', 'icmp'].map((protocol) => ({
        protocol,
        ...(protocol === 'icmp' ? {} : { portRange: '1-65535' }),
        destinationAddresses: WORLD,
      })),
    },
    { parent },
  );
}

const WORLD = ['0.0.0.0/0', '::/0'];
