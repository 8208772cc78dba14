import { NODE, OVEN, REDIS_SOCKET } from './paths.ts';
import { renderSandbox } from './sandbox.ts';

/** The socket of a candidate. It is no port, so it conflicts with no other process and is not reachable from outside. */
const CANDIDATE_SOCKET = '/run/oven-candidate/http.sock';

/**
 * The unit of a candidate: a release that is being checked before it serves, named by its hash (%i), in the service's sandbox. It has the new
 * environment, which the service does not have yet. It ends after a time when its activation is killed.
 */
export function renderCandidate(): string {
  const release = `${OVEN}/releases/%i`;
  return `[Unit]
Description=Oven's release %i, before it serves
After=redis-server.service

[Service]
Type=exec
WorkingDirectory=${release}
ExecStart=${release}/${NODE} ${release}/service/main.ts --candidate
Environment=PATH=${release}/host/path:/usr/bin:/bin
Environment=REDIS_URL=unix://${REDIS_SOCKET}
EnvironmentFile=/run/oven/candidate.env
EnvironmentFile=/etc/oven/host.env
Environment=LISTEN_SOCKET=${CANDIDATE_SOCKET}
RuntimeDirectory=oven-candidate
RuntimeMaxSec=300
KillMode=mixed
TimeoutStopSec=5
OOMPolicy=stop
OOMScoreAdjust=500
MemoryMax=50%
${renderSandbox()}`;
}
