import { QUEUE_PACKAGES } from '../../cloud-init/user-data.ts';
import { QUEUE_CERTIFICATE, QUEUE_SETTINGS, renderRedisUnit } from '../host/redis.ts';
import { renderSysctl } from '../host/swap.ts';
import { finishFirstBoot, installInput } from './commands.ts';

/** One step on the queue host, which runs as root. A step without input runs again when an input of an earlier one changed. */
export interface QueueHostStep {
  readonly name: string;
  readonly create: string;
  readonly stdin?: 'certificate' | 'settings';
}

/** The steps that make Redis of a booted queue host, in order. A second run of a step changes nothing. */
export function queueHostSteps(): readonly QueueHostStep[] {
  return [
    { name: 'queue-prepare', create: finishFirstBoot(QUEUE_PACKAGES) },
    { name: 'queue-certificate-file', create: stage(QUEUE_CERTIFICATE), stdin: 'certificate' },
    { name: 'queue-settings', create: stage(QUEUE_SETTINGS), stdin: 'settings' },
    { name: 'queue-start', create: start() },
  ];
}

/** Installs a secret file for Redis. */
function stage(file: string): string {
  return installInput(file, { isSecret: true, access: 'chown redis:redis' });
}

/** Starts Redis with these files, and waits until it answers. */
function start(): string {
  return `set -eu
mkdir -p /etc/systemd/system/redis-server.service.d
cat >/etc/systemd/system/redis-server.service.d/oven.conf <<'END'
${renderRedisUnit()}END
cat >/etc/sysctl.d/60-oven.conf <<'END'
${renderSysctl()}END
sysctl --quiet --load=/etc/sysctl.d/60-oven.conf || echo 'oven: sysctl: not permitted here'
systemctl daemon-reload
systemctl enable --quiet redis-server.service
systemctl restart redis-server.service
password=$(sed -n 's/^requirepass //p' ${QUEUE_SETTINGS})
for try in 1 2 3 4 5 6 7 8 9 10; do
  if test "$(REDISCLI_AUTH=$password redis-cli --tls --insecure ping 2>&1)" = PONG; then
    echo 'oven: the queue answers'
    exit 0
  fi
  sleep "$try"
done
echo 'oven: Redis does not answer; its last messages:' >&2
journalctl --quiet --no-pager --output=cat --unit=redis-server.service --lines=20 >&2
exit 1`;
}
