import type * as command from '@pulumi/command';
import * as digitalocean from '@pulumi/digitalocean';
import * as pulumi from '@pulumi/pulumi';
import * as tls from '@pulumi/tls';
import { renderUserData } from '../cloud-init/user-data.ts';

/** Who logs in on every machine of the stack. */
export interface Login {
  readonly privateKey: pulumi.Output<string>;
  readonly publicKey: pulumi.Output<string>;
  /** Of the account's key. */
  readonly fingerprint: pulumi.Output<string>;
}

/** A droplet, and how commands reach it. */
export interface Machine {
  readonly droplet: digitalocean.Droplet;
  readonly hostKey: pulumi.Output<string>;
  /** The connection of remote commands. It uses the droplet's own address, because another droplet may still have the reserved one. */
  connection(): command.types.input.remote.ConnectionArgs;
}

export interface MachineArgs {
  /** Names of the resources. */
  readonly resource: string;
  readonly keyResource: string;
  /** DigitalOcean's name. */
  readonly name: string;
  readonly size: string;
  readonly image: string;
  readonly region: string;
  readonly tag: pulumi.Output<string>;
  readonly login: Login;
  /** What the first boot differs in from that of a host of the service. */
  readonly boot?: { readonly packages?: readonly string[]; readonly rebootTime?: string };
}

/** What the names of a host end with: nothing for the first, whose names are those of a single host. */
export function suffixOf(index: number): string {
  return index === 0 ? '' : `-${index + 1}`;
}

/** Makes a droplet whose host key is known before it boots: no connection trusts the first key that it sees. */
export function makeMachine(
  args: MachineArgs,
  { parent, ...options }: pulumi.CustomResourceOptions & { parent: pulumi.Resource },
): Machine {
  const { size, image, region, login } = args;
  const key = new tls.PrivateKey(args.keyResource, { algorithm: 'ED25519' }, { parent });
  const hostKey = key.publicKeyOpenssh.apply((line) => line.trim());
  const userData = pulumi.secret(
    pulumi
      .all([key.privateKeyOpenssh, hostKey, login.publicKey])
      .apply(([privateKey, hostPublicKey, authorized]) =>
        renderUserData({ hostKey: privateKey, hostPublicKey, authorizedKeys: [authorized], ...args.boot }),
      ),
  );
  const droplet = new digitalocean.Droplet(
    args.resource,
    {
      name: args.name,
      size,
      image,
      region,
      tags: [args.tag],
      sshKeys: [login.fingerprint],
      userData,
      monitoring: true,
    },
    { parent, ...options },
  );
  return {
    droplet,
    hostKey,
    connection: () => ({
      host: droplet.ipv4Address,
      user: 'root',
      privateKey: login.privateKey,
      hostKey,
      // A fresh droplet accepts SSH after a minute or two.
      dialErrorLimit: 60,
      perDialTimeout: 10,
    }),
  };
}
