import { NODE_ENVIRONMENT, NODE_FLAGS } from '../../service/node-flags.ts';
import { CURRENT, ENVIRONMENT_FILE, LOG_FILE, NODE, REDIS_SOCKET } from './paths.ts';
import { renderSandbox } from './sandbox.ts';

/**
 * The service's unit. It starts at boot and not only at a request, because its workers have a queue. systemd restarts it without limit. When memory
 * runs out, the kernel kills ffmpeg first (`host/path/ffmpeg` makes itself the first choice).
 */
export function renderService(): string {
  return `[Unit]
Description=Oven bakes tapes into MP4 videos
Requires=oven.socket
Wants=redis-server.service network-online.target
After=oven.socket redis-server.service network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
WorkingDirectory=${CURRENT}
ExecStart=${CURRENT}/${NODE} ${NODE_FLAGS.join(' ')} ${CURRENT}/service/main.ts
Environment=PATH=${CURRENT}/host/path:/usr/bin:/bin
${Object.entries(NODE_ENVIRONMENT)
  .map(([name, value]) => `Environment=${name}=${value}`)
  .join('\n')}
Environment=REDIS_URL=unix://${REDIS_SOCKET}
EnvironmentFile=${ENVIRONMENT_FILE}
EnvironmentFile=/etc/oven/host.env
Sockets=oven.socket
Restart=always
RestartSec=1
KillMode=mixed
TimeoutStopSec=30
StandardOutput=append:${LOG_FILE}
StandardError=append:${LOG_FILE}
OOMPolicy=continue
OOMScoreAdjust=-200
MemoryMax=85%
${renderSandbox()}
[Install]
WantedBy=multi-user.target
`;
}
