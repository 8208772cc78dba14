import { LOG_FILE } from './paths.ts';

/**
 * Rotates the log daily and at 200 MB, and keeps 14 days. systemd holds the file open and appends, so logrotate copies and truncates it: lines that
 * are written between the two are lost. The alternative is a restart of the service every night.
 */
export function renderLogrotate(): string {
  return `${LOG_FILE} {
    daily
    rotate 14
    maxage 14
    maxsize 200M
    dateext
    dateformat -%Y%m%d-%s
    compress
    delaycompress
    missingok
    notifempty
    copytruncate
}
`;
}
