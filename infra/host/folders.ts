/** Folders that only root may write. systemd opens the log as root, so no other user may place a link in its folder. */
export function renderFolders(): string {
  return `d /var/log/oven 0755 root root -
d /var/lib/oven 0755 root root -
d /run/oven 0700 root root -
`;
}
