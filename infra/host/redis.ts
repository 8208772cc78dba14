import { MEMORY_MIB } from '../../service/config/concurrency.ts';
import { REDIS_SOCKET } from './paths.ts';

/**
 * Redis as a queue: an acknowledged write is on the disk, no key is evicted, and only its group reaches it. Its memory is limited, so Redis refuses a
 * queue that grows too large, and the host survives.
 */
export function renderRedis(): string {
  return renderSettings(`port 0
unixsocket ${REDIS_SOCKET}
unixsocketperm 770`);
}

/** Where Redis of a queue host has its configuration, with the password, and its certificate with the key. */
export const QUEUE_SETTINGS = '/etc/redis/oven.conf';
export const QUEUE_CERTIFICATE = '/etc/redis/oven.pem';
export const QUEUE_PORT = 6379;

/**
 * Redis of a queue host: as on a single host, but over TLS and with a password. The cloud's firewall admits the hosts of the service alone. It
 * closes a connection within two minutes when a host is gone. Throws TypeError for a password that would end its line.
 */
export function renderQueueRedis(password: string): string {
  if (!/^[0-9a-f]{32,}$/.test(password)) throw new TypeError('not a password of hexadecimal digits');
  return renderSettings(
    `port 0
tls-port ${QUEUE_PORT}
tls-cert-file ${QUEUE_CERTIFICATE}
tls-key-file ${QUEUE_CERTIFICATE}
tls-auth-clients no
bind 0.0.0.0
tcp-keepalive 60
requirepass ${password}`,
    512,
  );
}

function renderSettings(listening: string, maxMemoryMb: number = MEMORY_MIB.redisData): string {
  return `# Oven's queue.
${listening}
daemonize no
supervised systemd
pidfile ""
loglevel notice
logfile ""
databases 1
dir /var/lib/redis
appendonly yes
appendfsync always
no-appendfsync-on-rewrite no
aof-load-truncated yes
save ""
maxmemory ${maxMemoryMb}mb
maxmemory-policy noeviction
`;
}

/** Redis's drop-in: the distribution's unit and sandbox with Oven's configuration. */
export function renderRedisUnit(): string {
  return `[Unit]
StartLimitIntervalSec=0

[Service]
ExecStart=
ExecStart=/usr/bin/redis-server /etc/redis/oven.conf
PIDFile=
Restart=always
RestartSec=1
TimeoutStopSec=60
OOMScoreAdjust=-900
`;
}
