/**
 * The service's permissions: it reads its release, writes its temp folder, uses the network and Redis, and runs ffmpeg. MemoryDenyWriteExecute is
 * missing, because it kills Node. The droplet's metadata service is on a link-local address, which is denied.
 */
export function renderSandbox(): string {
  return `User=oven
Group=oven
SupplementaryGroups=redis
UMask=0077
NoNewPrivileges=true
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=true
PrivateTmp=true
PrivateDevices=true
PrivateUsers=true
PrivateIPC=true
RemoveIPC=true
ProtectClock=true
ProtectControlGroups=true
ProtectHostname=true
ProtectKernelLogs=true
ProtectKernelModules=true
ProtectKernelTunables=true
ProtectProc=invisible
ProcSubset=pid
LockPersonality=true
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
IPAddressDeny=link-local multicast
DevicePolicy=closed
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallFilter=setpriority
SystemCallErrorNumber=EPERM
StateDirectory=oven/tmp
StateDirectoryMode=0700
InaccessiblePaths=-/etc/oven -/etc/caddy -/etc/ssh -/opt/oven/incoming
LimitCORE=0
LimitNOFILE=65536
TasksMax=512
`;
}
