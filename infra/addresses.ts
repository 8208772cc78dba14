import * as pulumi from '@pulumi/pulumi';
import type { Host } from './host.ts';
import type { Machine } from './machine.ts';
import type { Queue } from './queue.ts';

/** The stack's outputs with addresses: where the public name leads, and how each machine is logged in to. */
export function addressesOf({ entrance, address, machines }: Host, queue: Queue | undefined) {
  const [first] = machines;
  if (address !== undefined) return { ip: entrance, ssh: ssh(entrance), knownHost: known(entrance, first) };
  const all = [...machines, ...(queue === undefined ? [] : [queue.machine])];
  const of = ({ droplet }: Machine) => droplet.ipv4Address;
  return {
    ip: entrance,
    ssh: ssh(of(first)),
    knownHost: pulumi
      .all(all.map((machine) => known(of(machine), machine)))
      .apply((lines) => lines.join('\n')),
    machines: pulumi.all(machines.map(of)),
    queueHost: queue && of(queue.machine),
  };
}

function ssh(address: pulumi.Output<string>): pulumi.Output<string> {
  return pulumi.interpolate`ssh -i ~/.ssh/oven-deploy-key root@${address}`;
}

function known(address: pulumi.Output<string>, { hostKey }: Machine): pulumi.Output<string> {
  return pulumi.interpolate`${address} ${hostKey}`;
}
