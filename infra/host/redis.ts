import { MEMORY_MIB } from '../../service/config/concurrency.ts';
import { REDIS_SOCKET } from './paths.ts';

/**
 * Redis as a queue: an acknowledged write is on the disk, no key is evicted, and only its group reaches it. Its memory is limited, so Redis refuses a
 * queue that grows too large, and the host survives.
 */
export function renderRedis(): string {
  return `# Oven's queue.
port 0
unixsocket ${REDIS_SOCKET}
unixsocketperm 770
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
maxmemory ${MEMORY_MIB.redisData}mb
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
