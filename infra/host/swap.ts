import { CURRENT } from './paths.ts';

/** Swap for the moment in which a bake and an update meet on a small host; made at the first boot, of a size that fits memory and disk. */
export function renderSwap(): string {
  return `[Unit]
Description=Swap space of Oven's host
ConditionVirtualization=!container
DefaultDependencies=no
After=local-fs.target
Before=oven.service

[Service]
Type=oneshot
RemainAfterExit=true
ExecStart=${CURRENT}/host/sbin/oven-swap
ExecStop=/sbin/swapoff /swapfile

[Install]
WantedBy=multi-user.target
`;
}

/** Memory first: swap is for what would otherwise be killed. Redis asks for overcommit, since it forks to rewrite its log. */
export function renderSysctl(): string {
  return `vm.swappiness = 10
vm.overcommit_memory = 1
`;
}
