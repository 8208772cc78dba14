import { isIPv4 } from 'node:net';
import * as digitalocean from '@pulumi/digitalocean';
import type * as pulumi from '@pulumi/pulumi';
import type { Settings } from './config.ts';
import { HEALTH_CHECK } from './host/balancer.ts';
import { HEALTH_PORT } from './host/paths.ts';

export interface BalancerArgs {
  /** Networks of Cloudflare's proxy, which alone may connect. */
  readonly proxies: readonly string[];
  /** The tag of the hosts. A new host gets requests as soon as it is healthy. */
  readonly tag: pulumi.Output<string>;
  readonly after: pulumi.Resource;
}

/**
 * The load balancer before several hosts, in the region's default VPC like them. It passes TCP on and ends no TLS, so Caddy on each host does, and
 * the visitor's address comes from Cloudflare's header. It has an IPv4 address only, and its firewall Cloudflare's IPv4 networks.
 */
export function makeBalancer(
  parent: pulumi.Resource,
  { dropletName: name, region }: Settings,
  { proxies, tag, after }: BalancerArgs,
): digitalocean.LoadBalancer {
  const { intervalSeconds, timeoutSeconds, times } = HEALTH_CHECK;
  return new digitalocean.LoadBalancer(
    'balancer',
    {
      name,
      region,
      sizeUnit: 1,
      dropletTag: tag,
      forwardingRules: [
        {
          entryProtocol: 'https',
          entryPort: 443,
          targetProtocol: 'https',
          targetPort: 443,
          tlsPassthrough: true,
        },
        // Caddy redirects to HTTPS.
        { entryProtocol: 'tcp', entryPort: 80, targetProtocol: 'tcp', targetPort: 80 },
      ],
      healthcheck: {
        protocol: 'http',
        port: HEALTH_PORT,
        path: '/health/host',
        checkIntervalSeconds: intervalSeconds,
        responseTimeoutSeconds: timeoutSeconds,
        healthyThreshold: times,
        unhealthyThreshold: times,
      },
      firewall: {
        allows: proxies
          .filter((network) => isIPv4(network.split('/')[0] ?? ''))
          .map((network) => `cidr:${network}`),
      },
    },
    { parent, dependsOn: [after] },
  );
}
