import * as command from '@pulumi/command';
import * as pulumi from '@pulumi/pulumi';
import * as tls from '@pulumi/tls';
import type { Host } from './host.ts';

const SCRIPT = '/opt/oven/current/host/sbin/oven-handover';
/** Ends the line of the key, by which a former one is found and replaced. */
const COMMENT = 'oven-handover';

/**
 * Brings the queue of a host that is being replaced to its successor. It runs on the new host, when its release is healthy and before
 * the address moves, and asks the old one at that address: so it needs no state of what was before, and where nobody answers
 * (a first deployment) there is nothing to take over. Were it run on the old host's deletion instead, the address would have
 * moved already, and tapes that are asked about meanwhile would be unknown. It logs in with a key of its own, which may do nothing
 * but hand over: the operator's key never gets onto a host, and either can be changed without the other.
 */
export function takeOver(
  host: Host,
  options: pulumi.CustomResourceOptions & { parent: pulumi.Resource },
): pulumi.Resource {
  const { parent } = options;
  const key = new tls.PrivateKey('handover', { algorithm: 'ED25519' }, { parent });
  const common = {
    connection: host.connection(),
    triggers: [host.droplet.id],
    addPreviousOutputInEnv: false,
  };
  const admit = new command.remote.Command(
    'admit-successor',
    { ...common, create: key.publicKeyOpenssh.apply(renderAdmission) },
    options,
  );
  const stdin = pulumi.secret(
    pulumi.interpolate`${host.address.ipAddress}\n${host.hostKey}\n${key.privateKeyOpenssh}`,
  );
  return new command.remote.Command(
    'take-over',
    // Only a new host takes over: a changed key is no reason to.
    { ...common, create: renderTakeOver(), update: ':', stdin },
    { parent, dependsOn: [admit] },
  );
}

/** Lets the holder of the key run the hand-over as root, and nothing else. Throws TypeError for what is no key. */
export function renderAdmission(publicKey: string): string {
  const [type = '', data = ''] = publicKey.trim().split(/\s+/);
  if (!/^ssh-ed25519$/.test(type) || !/^[A-Za-z0-9+/]+=*$/.test(data))
    throw new TypeError('not an ed25519 key');
  const line = `restrict,command="${SCRIPT} give" ${type} ${data} ${COMMENT}`;
  return `set -eu
umask 077
file=/root/.ssh/authorized_keys
mkdir -p /root/.ssh
touch "$file"
{ grep -v ' ${COMMENT}$' "$file" || true; echo '${line}'; } >"$file.partial"
mv -f "$file.partial" "$file"`;
}

/** A release that is older than the hand-over has no script for it; the host before then bakes what it has when it is drained. */
export function renderTakeOver(): string {
  return `set -eu
if test -x ${SCRIPT}; then exec ${SCRIPT} take; fi
echo 'oven: this release takes over from nobody'`;
}
