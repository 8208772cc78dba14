import * as digitalocean from '@pulumi/digitalocean';
import type * as pulumi from '@pulumi/pulumi';
import type { Settings } from './config.ts';
import { HEALTH_PORT } from './host/paths.ts';
import { QUEUE_PORT } from './host/redis.ts';

// Each firewall applies by tag, so it protects a new droplet from the start.

type Tag = pulumi.Output<string>;
type Rule = digitalocean.types.input.FirewallInboundRule;

/** The firewall of one host: requests come from Cloudflare, or from the world without its proxy. */
export function hostFirewall(
  parent: pulumi.Resource,
  { dropletName: name, sshAllowedCidrs, proxied }: Settings,
  { proxies, tag }: { readonly proxies: readonly string[]; readonly tag: Tag },
): digitalocean.Firewall {
  const web = proxied ? [...proxies] : WORLD;
  return make(parent, 'firewall', name, tag, [
    // The tag lets a new host reach its predecessor by SSH.
    { ...ssh(sshAllowedCidrs), sourceTags: [tag] },
    { protocol: 'tcp', portRange: '80', sourceAddresses: web },
    { protocol: 'tcp', portRange: '443', sourceAddresses: web },
  ]);
}

/**
 * The firewall of several hosts: requests come from the load balancer alone. It is another resource than that of one host. Pulumi deletes last, so
 * both apply while a stack goes from one host to several or back, and no request is refused.
 */
export function hostFirewallOfMany(
  parent: pulumi.Resource,
  { dropletName, sshAllowedCidrs }: Settings,
  { balancer, tag }: { readonly balancer: digitalocean.LoadBalancer; readonly tag: Tag },
): digitalocean.Firewall {
  const sourceLoadBalancerUids = [balancer.id];
  return make(parent, 'balanced', `${dropletName}-balanced`, tag, [
    ssh(sshAllowedCidrs),
    ...['80', '443', `${HEALTH_PORT}`].map((portRange) => ({
      protocol: 'tcp',
      portRange,
      sourceLoadBalancerUids,
    })),
  ]);
}

/** The firewall of a queue host: Redis is for the hosts of the service alone. */
export function queueFirewall(
  parent: pulumi.Resource,
  { dropletName, sshAllowedCidrs }: Settings,
  { hosts, tag }: { readonly hosts: Tag; readonly tag: Tag },
): digitalocean.Firewall {
  return make(parent, 'queue', `${dropletName}-queue`, tag, [
    ssh(sshAllowedCidrs),
    { protocol: 'tcp', portRange: `${QUEUE_PORT}`, sourceTags: [hosts] },
  ]);
}

const WORLD = ['0.0.0.0/0', '::/0'];

function ssh(cidrs: readonly string[]): Rule {
  return { protocol: 'tcp', portRange: '22', sourceAddresses: [...cidrs] };
}

function make(parent: pulumi.Resource, resource: string, name: string, tag: Tag, inboundRules: Rule[]) {
  return new digitalocean.Firewall(
    resource,
    {
      name,
      tags: [tag],
      inboundRules,
      outboundRules: ['tcp', 'udp', 'icmp'].map((protocol) => ({
        protocol,
        ...(protocol === 'icmp' ? {} : { portRange: '1-65535' }),
        destinationAddresses: WORLD,
      })),
    },
    { parent },
  );
}
