/** Folders that only root may write, among them the log's: systemd opens the log as root, so nobody else may place a link there. */
export function renderFolders(): string {
  return `d /var/log/oven 0755 root root -
d /var/lib/oven 0755 root root -
d /run/oven 0700 root root -
`;
}
