/** The folder with the address and the key of the host that this one took over from, while that host exists. Only root reads it. */
export const PREDECESSOR_FOLDER = '/var/lib/oven/predecessor';

/**
 * The tunnel through which the old host forwards requests. The hand-over and a boot start it. It is made again when it breaks, and ends for good,
 * with its key, when the old host has not answered for ten minutes.
 */
export function renderPredecessor(): string {
  return `[Unit]
Description=Tunnel from the host that this one took over from
ConditionPathExists=${PREDECESSOR_FOLDER}/key
Wants=network-online.target
After=network-online.target oven.socket
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=/opt/oven/current/host/sbin/oven-handover tunnel
Restart=on-failure
RestartSec=1
KillMode=control-group
OOMScoreAdjust=-200
UMask=0077
NoNewPrivileges=true
CapabilityBoundingSet=
ProtectSystem=strict
ReadWritePaths=/var/lib/oven
ProtectHome=true
PrivateTmp=true
PrivateDevices=true
ProtectClock=true
ProtectControlGroups=true
ProtectHostname=true
ProtectKernelLogs=true
ProtectKernelModules=true
ProtectKernelTunables=true
ProtectProc=invisible
LockPersonality=true
MemoryDenyWriteExecute=true
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
TasksMax=64

[Install]
WantedBy=multi-user.target
`;
}
