/**
 * Security updates every day, by the distribution's own list. A reboot that an update needs comes at 11:00 UTC, which is three or four in the morning
 * in San Francisco, or at the given time, because hosts of one service must not reboot at once: a reboot loses no tape, and an update that waits for a reboot protects nothing.
 */
export function renderUpgrades(rebootTime = '11:00'): string {
  return `APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
APT::Periodic::AutocleanInterval "7";
Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";
Unattended-Upgrade::Remove-Unused-Dependencies "true";
Unattended-Upgrade::Automatic-Reboot "true";
Unattended-Upgrade::Automatic-Reboot-Time "${rebootTime}";
`;
}
