/** Keys only, and none of what a host that is only deployed to never uses. Read before cloud-init's own drop-in, so it wins. */
export function renderSshd(): string {
  return `# Oven: keys only.
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AuthenticationMethods publickey
AllowAgentForwarding no
AllowTcpForwarding no
X11Forwarding no
PermitTunnel no
MaxAuthTries 4
LoginGraceTime 30
ClientAliveInterval 30
ClientAliveCountMax 10
`;
}
