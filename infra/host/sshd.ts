import { SUCCESSOR_ADDRESS } from './paths.ts';

/**
 * Permits keys only, and turns off every feature that a deployment does not use. The only forwarding is the successor's port. sshd reads it before
 * cloud-init's own drop-in, and the first value holds.
 */
export function renderSshd(): string {
  return `# Oven: keys only.
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AuthenticationMethods publickey
AllowAgentForwarding no
AllowTcpForwarding remote
PermitListen ${SUCCESSOR_ADDRESS}
AllowStreamLocalForwarding no
X11Forwarding no
PermitTunnel no
MaxAuthTries 4
LoginGraceTime 30
ClientAliveInterval 30
ClientAliveCountMax 10
`;
}
