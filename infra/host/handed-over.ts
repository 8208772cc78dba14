import { CURRENT, NODE, SUCCESSOR_ADDRESS } from './paths.ts';

/**
 * oven.service while another host takes over from this one: a process that answers nobody. Its socket stays open, so what comes waits there,
 * untouched, for whoever answers next: Oven itself, or the successor.
 */
export function renderHolding(): string {
  return `[Unit]
Description=Oven's port, while another host takes over

[Service]
ExecStart=
ExecStart=/usr/bin/sleep infinity
`;
}

/** oven.service once another host has taken over: what comes is passed on to it, and Oven does not start here again. */
export function renderForwarding(): string {
  return `[Unit]
Description=Oven's port, passed on to the host that took over

[Service]
ExecStart=
ExecStart=${CURRENT}/${NODE} ${CURRENT}/host/forward.ts ${SUCCESSOR_ADDRESS}
`;
}
