import { SERVICE_ADDRESS } from './paths.ts';

/** systemd holds the listening socket: a request during a release waits and does not fail. */
export function renderSocket(): string {
  return `[Unit]
Description=Oven's port, held while the service restarts

[Socket]
ListenStream=${SERVICE_ADDRESS}
Backlog=1024
NoDelay=true

[Install]
WantedBy=sockets.target
`;
}
