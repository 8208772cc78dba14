import * as command from '@pulumi/command';
import * as pulumi from '@pulumi/pulumi';
import * as tls from '@pulumi/tls';
import { SUCCESSOR_ADDRESS } from './host/paths.ts';
import type { Host } from './host.ts';
import type { PreviousRun } from './preflight/preflight.ts';
import { handoverInput } from './release/commands.ts';

/** Ends the line of the key, by which a former one is found and replaced. */
const COMMENT = 'oven-handover';

/** What the step `handover` needs: it is fed `input`, after a host was told by `admit` whom it may hand over to. */
export interface Handover {
  readonly input: pulumi.Output<string>;
  authorize(options: pulumi.CustomResourceOptions): pulumi.Resource;
}

/**
 * How the queue of a host that is being replaced gets to its successor. The step runs on the new host, when its release is healthy and
 * before the address moves, and asks the old one at that address. Where nobody answers there, the stack's state tells a first deployment
 * from a host that can't be reached. Were it run on the old host's deletion instead, the address would have
 * moved already, and tapes that are asked about meanwhile would be unknown. It logs in with a key of its own, which may do nothing
 * but hand over: the operator's key never gets onto a host, and either can be changed without the other, or a new host.
 */
export function prepareHandover(host: Host, before: PreviousRun, parent: pulumi.Resource): Handover {
  const key = new tls.PrivateKey('handover', { algorithm: 'ED25519' }, { parent });
  const input = pulumi
    .all([host.address.ipAddress, host.hostKey, key.privateKeyOpenssh, host.droplet.id])
    .apply(([address, hostPublicKey, privateKey, id]) =>
      handoverInput({ address, hostPublicKey, privateKey, predecessor: predecessorOf(id, before) }),
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
 * The droplet whose queue the droplet `id` is to have, if it is still there. It stays the same when nothing is changed later: else every `up` would
 * have another input for the hand-over.
 */
export function predecessorOf(id: string, { host, isThere, predecessor }: PreviousRun): string | undefined {
  if (id === host) return predecessor;
  return isThere ? host : undefined;
}

/** Lets the holder of the key run the hand-over as root, listen on the one port for it, and nothing else. Throws TypeError for what is no key. */
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
