/**
 * Security updates every day, and at a quiet hour (UTC; three or four in the morning in San Francisco) the restart that some need: a restart
 * loses no tape, and an update that waits for one protects nobody. What is allowed to be updated is the distribution's own list.
 */
export function renderUpgrades(): string {
  return `APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
APT::Periodic::AutocleanInterval "7";
Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";
Unattended-Upgrade::Remove-Unused-Dependencies "true";
Unattended-Upgrade::Automatic-Reboot "true";
Unattended-Upgrade::Automatic-Reboot-Time "11:00";
`;
}
