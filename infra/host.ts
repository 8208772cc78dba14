import type * as command from '@pulumi/command';
import * as digitalocean from '@pulumi/digitalocean';
import * as pulumi from '@pulumi/pulumi';
import * as tls from '@pulumi/tls';
import { renderUserData } from '../cloud-init/user-data.ts';
import type { Settings } from './config.ts';

export interface HostArgs {
  readonly settings: Settings;
  /** Networks of Cloudflare's proxy: requests may come from there. */
  readonly proxies: readonly string[];
  /** The id of the login key in the account, when the account already has it. */
  readonly accountKey: string | undefined;
  /** Resources to make before any that costs: only making Spaces keys shows whether the token may do it. */
  readonly after: pulumi.Resource;
}

/** The droplet, its firewall, its address and its login. */
export class Host extends pulumi.ComponentResource {
  readonly droplet: digitalocean.Droplet;
  /** It stays when the droplet is replaced. `Release` assigns it to a droplet whose release is healthy. */
  readonly address: digitalocean.ReservedIp;
  readonly firewall: digitalocean.Firewall;
  readonly tag: pulumi.Output<string>;
  readonly privateKey: pulumi.Output<string>;
  readonly hostKey: pulumi.Output<string>;

  constructor(name: string, args: HostArgs, options?: pulumi.ComponentResourceOptions) {
    super('oven:host:Host', name, {}, options);
    const { dropletName, dropletSize: size, dropletImage: image, region } = args.settings;
    const login = loginKey(this, args.settings);
    // The host key is known before the host boots: no connection trusts the first key that it sees.
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

  /** The connection of remote commands. It uses the droplet's own address, because another droplet may still have the reserved one. */
  connection(): command.types.input.remote.ConnectionArgs {
    return {
      host: this.droplet.ipv4Address,
      user: 'root',
      privateKey: this.privateKey,
      hostKey: this.hostKey,
      // A fresh droplet accepts SSH after a minute or two.
      dialErrorLimit: 60,
      perDialTimeout: 10,
    };
  }
}

/** Makes the new host before it deletes the old one. This also holds for a change of size, because a resize switches the host off. */
function replaceByMakingFirst(parent: pulumi.Resource): pulumi.CustomResourceOptions {
  return {
    parent,
    // The name stays the same, so Pulumi would delete first. DigitalOcean allows two droplets of one name.
    deleteBeforeReplace: false,
    replaceOnChanges: ['size'],
    // User-data has the key too. Here it only prevents DigitalOcean's one-time password.
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

/** A given key belongs to the operator: the account's key is used, whatever its name is, and a destroy keeps it. */
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

/** The firewall applies by tag, so it protects a new droplet from the start. */
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
        // The tag lets a new host reach its predecessor by SSH.
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
