import { LOG_FILE } from './paths.ts';

/**
 * Daily, kept 14 days, and before that when a day's log grows beyond all measure. systemd holds the file open and appends, so it is copied
 * and cut: what is written in the instant between the two is lost, which a restart of the service every night would not be worth.
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
