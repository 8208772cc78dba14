import * as digitalocean from '@pulumi/digitalocean';
import * as pulumi from '@pulumi/pulumi';
import * as tls from '@pulumi/tls';
import { makeBalancer } from './balancer.ts';
import type { Settings } from './config.ts';
import { hostFirewall, hostFirewallOfMany } from './firewall.ts';
import { type Login, type Machine, makeMachine, suffixOf } from './machine.ts';
import type { PreviousRun } from './preflight/preflight.ts';

export interface HostArgs {
  readonly settings: Settings;
  /** Networks of Cloudflare's proxy: requests may come from there. */
  readonly proxies: readonly string[];
  /** The id of the login key in the account, when the account already has it. */
  readonly accountKey: string | undefined;
  readonly before: PreviousRun;
  /** Resources to make before any that costs: only making Spaces keys shows whether the token may do it. */
  readonly after: pulumi.Resource;
}

/**
 * The droplets, their firewall, their entrance and their login. One host has a reserved address; several have a load balancer. The first host is
 * the same resource in both cases.
 */
export class Host extends pulumi.ComponentResource {
  /** In the order of their releases. */
  readonly machines: readonly [Machine, ...Machine[]];
  /** It stays when the droplet is replaced. `Release` assigns it to a droplet whose release is healthy. Undefined for several hosts. */
  readonly address: digitalocean.ReservedIp | undefined;
  /** Undefined for one host. */
  readonly balancer: digitalocean.LoadBalancer | undefined;
  /** The address that the public name leads to. */
  readonly entrance: pulumi.Output<string>;
  readonly firewall: digitalocean.Firewall;
  readonly tag: pulumi.Output<string>;
  readonly login: Login;

  constructor(name: string, args: HostArgs, options?: pulumi.ComponentResourceOptions) {
    super('oven:host:Host', name, {}, options);
    const { settings, proxies, after } = args;
    const { dropletName, region, nodes } = settings;
    this.tag = new digitalocean.Tag('tag', { name: dropletName }, { parent: this }).name;
    this.login = makeLogin(this, args);
    if (nodes === 1) this.firewall = hostFirewall(this, settings, { proxies, tag: this.tag });
    else {
      this.balancer = makeBalancer(this, settings, { proxies, tag: this.tag, after });
      this.firewall = hostFirewallOfMany(this, settings, { balancer: this.balancer, tag: this.tag });
    }
    const [first, ...others] = Array.from({ length: nodes }, (_, index) => this.#makeHost(index, args));
    if (first === undefined) throw new TypeError('a stack has at least one host');
    this.machines = [first, ...others];
    if (this.balancer === undefined)
      this.address = new digitalocean.ReservedIp('address', { region }, { parent: this, dependsOn: [after] });
    this.entrance = this.address?.ipAddress ?? this.balancer!.ip;
    this.registerOutputs({ address: this.entrance });
  }

  #makeHost(index: number, { settings, before, after }: HostArgs): Machine {
    const { dropletName, dropletSize: size, dropletImage: image, region } = settings;
    const suffix = suffixOf(index);
    const isMoving = index === 0 && before.host !== undefined && before.nodes > 1 !== settings.nodes > 1;
    return makeMachine(
      {
        resource: `host${suffix}`,
        keyResource: `host-key${suffix}`,
        name: `${dropletName}${suffix}`,
        size,
        image,
        region,
        tag: this.tag,
        login: this.login,
        // The hosts of a service reboot one after the other.
        ...(index === 0 ? {} : { boot: { rebootTime: rebootTime(index) } }),
      },
      { ...replaceByMakingFirst(this, isMoving), dependsOn: [this.firewall, after] },
    );
  }
}

/**
 * Makes the new host before it deletes the old one. This also holds for a change of size, because a resize switches the host off. In the run that
 * moves the queue between the first host and a queue host, that host stays as it is: the next run replaces it.
 */
function replaceByMakingFirst(parent: pulumi.Resource, isMoving: boolean) {
  return {
    parent,
    // The name stays the same, so Pulumi would delete first. DigitalOcean allows two droplets of one name.
    deleteBeforeReplace: false,
    replaceOnChanges: ['size'],
    // User-data has the key too. Here it only prevents DigitalOcean's one-time password.
    ignoreChanges: ['sshKeys', ...(isMoving ? ['size', 'image', 'region', 'userData'] : [])],
  };
}

/** Ten minutes after the host before. */
function rebootTime(index: number): string {
  const minutes = 11 * 60 + 10 * index;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
}

function makeLogin(parent: pulumi.Resource, { settings, accountKey }: HostArgs): Login {
  const { privateKey, publicKey } = loginKey(parent, settings);
  const options = loginKeyOptions(parent, settings, accountKey);
  const { fingerprint } = new digitalocean.SshKey('login', { publicKey }, options);
  return { privateKey, publicKey, fingerprint };
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
  { sshPrivateKey }: Settings,
  accountKey: string | undefined,
): pulumi.CustomResourceOptions {
  if (sshPrivateKey === undefined) return { parent };
  const kept = { parent, retainOnDelete: true };
  return accountKey === undefined
    ? kept
    : { ...kept, import: accountKey, ignoreChanges: ['name', 'publicKey'] };
}
