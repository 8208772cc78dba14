import { CURRENT, NODE, SUCCESSOR_ADDRESS } from './paths.ts';

/**
 * oven.service while another host takes over: a process that answers no request. The socket stays open, so new requests wait in it, unread, until Oven
 * or the successor answers.
 */
export function renderHolding(): string {
  return `[Unit]
Description=Oven's port, while another host takes over

[Service]
ExecStart=
ExecStart=/usr/bin/sleep infinity
`;
}

/** oven.service after another host has taken over: it forwards requests to that host, and Oven does not start here again. */
export function renderForwarding(): string {
  return `[Unit]
Description=Oven's port, passed on to the host that took over

[Service]
ExecStart=
ExecStart=${CURRENT}/${NODE} ${CURRENT}/host/forward.ts ${SUCCESSOR_ADDRESS}
`;
}
