import * as command from '@pulumi/command';
import type * as digitalocean from '@pulumi/digitalocean';
import * as pulumi from '@pulumi/pulumi';
import * as tls from '@pulumi/tls';
import { SUCCESSOR_ADDRESS } from './host/paths.ts';
import type { Machine } from './machine.ts';
import type { PreviousRun } from './preflight/preflight.ts';
import { handoverInput } from './release/commands.ts';

/** The comment at the end of the key's line. A new key replaces the line with this comment. */
const COMMENT = 'oven-handover';

/** The hand-over's parts: `authorize` lets the successor's key in; the step `handover` reads `input` from its standard input. */
export interface Handover {
  readonly input: pulumi.Output<string>;
  authorize(options: pulumi.CustomResourceOptions): pulumi.Resource;
}

/**
 * Passes the queue of an old host to the host that replaces it. The step runs on the new host after its release is healthy and before the
 * address moves, and asks the old host at that address. When no host answers there, the stack's state tells a first deployment from an
 * unreachable host. A step at the old host's deletion would be too late: the address would have moved, and the new host would not know the
 * tapes. It logs in with a key of its own, which permits the hand-over only: the operator's key is never on a host, and each key can change
 * without the other and without a new host.
 */
export function prepareHandover(
  host: Machine,
  address: digitalocean.ReservedIp,
  before: PreviousRun,
  parent: pulumi.Resource,
): Handover {
  const key = new tls.PrivateKey('handover', { algorithm: 'ED25519' }, { parent });
  const input = pulumi
    .all([address.ipAddress, host.hostKey, key.privateKeyOpenssh, host.droplet.id])
    .apply(([at, hostPublicKey, privateKey, id]) =>
      handoverInput({ address: at, hostPublicKey, privateKey, predecessor: predecessorOf(id, before) }),
    );
  const args = {
    connection: host.connection(),
    create: key.publicKeyOpenssh.apply(renderAuthorization),
    triggers: [host.droplet.id],
    addPreviousOutputInEnv: false,
  };
  return {
    input: pulumi.secret(input),
    authorize: (options) => new command.remote.Command('admit-successor', args, options),
  };
}

/**
 * The droplet whose queue the droplet `id` takes over, if it still exists. It stays the same in later runs; otherwise each `up` would have
 * another input for the hand-over.
 */
export function predecessorOf(id: string, { host, isThere, predecessor }: PreviousRun): string | undefined {
  if (id === host) return predecessor;
  return isThere ? host : undefined;
}

/** A script that permits a key the hand-over as root and its one forwarded port, and nothing else. Throws TypeError for an invalid key. */
export function renderAuthorization(publicKey: string): string {
  const [type = '', data = ''] = publicKey.trim().split(/\s+/);
  if (type !== 'ssh-ed25519' || !/^[A-Za-z0-9+/]+=*$/.test(data)) throw new TypeError('not an ed25519 key');
  const tunnel = `port-forwarding,permitlisten="${SUCCESSOR_ADDRESS}"`;
  const line = `restrict,${tunnel},command="/usr/local/sbin/oven-handover give" ${type} ${data} ${COMMENT}`;
  return `set -eu
umask 077
file=/root/.ssh/authorized_keys
mkdir -p /root/.ssh
touch "$file"
{ grep -v ' ${COMMENT}$' "$file" || true; echo '${line}'; } >"$file.partial"
mv -f "$file.partial" "$file"`;
}
