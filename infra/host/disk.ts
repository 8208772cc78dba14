import { CURRENT } from './paths.ts';

/** Checks the free disk space, warns in the journal, and deletes files that can be had again. */
export function renderDiskCheck(): string {
  return `[Unit]
Description=Watch of the disk of Oven's host

[Service]
Type=oneshot
ExecStart=${CURRENT}/host/sbin/oven-disk
SyslogIdentifier=oven-disk
Nice=10
`;
}

export function renderDiskTimer(): string {
  return `[Unit]
Description=Watch of the disk of Oven's host, every five minutes

[Timer]
OnBootSec=2min
OnUnitActiveSec=5min
AccuracySec=30s

[Install]
WantedBy=timers.target
`;
}
