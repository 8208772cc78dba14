import { CURRENT } from './paths.ts';

/** Swap space for a bake during a system update on a small host. The first boot makes it, in a size that fits memory and disk. */
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

/** Swap is the last resort before the kernel kills a process. Redis needs overcommit, because it forks to rewrite its log. */
export function renderSysctl(): string {
  return `vm.swappiness = 10
vm.overcommit_memory = 1
`;
}
