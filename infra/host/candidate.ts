import { NODE, OVEN, REDIS_SOCKET } from './paths.ts';
import { renderSandbox } from './sandbox.ts';

/** Where a candidate answers: no port, so it can't be in another's way nor be reached from outside. */
const CANDIDATE_SOCKET = '/run/oven-candidate/http.sock';

/**
 * A release that has yet to prove itself, named by its hash (%i), in the sandbox of the service. It has the environment it is to be
 * started with, which is not yet the service's, and is ended by the clock if its activation was killed.
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
