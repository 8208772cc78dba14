import { expect } from 'vitest';
import type { TwinHost } from '../twin/host/host.ts';

/** Looks at what watches over a host. */
export async function expectWatched(host: TwinHost): Promise<void> {
  await host.sh('systemctl start oven-disk.service');
  expect(await host.sh('journalctl -t oven-disk -o cat --no-pager')).toMatch(/\d+ of \d+ MiB are free/);
  expect(
    await host.sh('systemctl is-active oven-disk.timer oven.socket oven.service redis-server caddy'),
  ).toBe('active\nactive\nactive\nactive\nactive');
  expect(await host.sh('systemctl list-units --failed --plain --no-legend')).toBe('');
}

/** Looks at the service's sandbox, as it is declared and as the process has it; gives how exposed systemd finds it. */
export async function expectStrict(host: TwinHost): Promise<number> {
  const table = await host.sh('systemd-analyze security --no-pager oven.service');
  const exposure = Number(/exposure level for oven.service: ([\d.]+)/.exec(table)?.[1]);
  expect(exposure).toBeLessThanOrEqual(2);
  // Containers within this kernel don't have these enforced, so that they are set is what can be seen.
  const names = 'MemoryMax,TasksMax,IPAddressDeny,OOMPolicy,NoNewPrivileges,User';
  const shown = await host.sh(`systemctl show -p ${names} oven.service`);
  expect(Object.fromEntries(shown.split('\n').map((line) => line.split(/=(.*)/s)))).toMatchObject({
    TasksMax: '512',
    OOMPolicy: 'continue',
    NoNewPrivileges: 'yes',
    User: 'oven',
    MemoryMax: expect.stringMatching(/^\d+$/),
    IPAddressDeny: expect.stringContaining('169.254.0.0/16'),
  });
  const pid = await host.sh('systemctl show -p MainPID --value oven.service');
  expect(await host.sh(`grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/${pid}/status`)).toBe(
    'CapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2',
  );
  const inside = `nsenter -t ${pid} -m sh -c 'touch /etc/probe /opt/oven/probe; ls /etc/oven /home' 2>&1 || true`;
  expect(await host.sh(inside)).toMatch(/touch: cannot touch '\/etc\/probe': Read-only file system/);
  return exposure;
}
