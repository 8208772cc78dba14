import { SUCCESSOR_ADDRESS } from './paths.ts';

/**
 * Keys only, and none of what a host that is only deployed to never uses: of all forwarding there is the one port at which a successor
 * may be reached. Read before cloud-init's own drop-in, so it wins.
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
