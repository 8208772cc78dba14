import { REDIS_SOCKET } from './paths.ts';

/**
 * Redis as a queue: what it acknowledged is on the disk, nothing is ever evicted, and only those in its group reach it. Its size is
 * bounded, so that a queue that grows is refused instead of taking the host down.
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
maxmemory 256mb
maxmemory-policy noeviction
`;
}

/** Has the distribution's unit, with its sandbox, run with Oven's configuration instead of its own. */
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
