import type { Settings } from './config.ts';

/** The size of a queue host: Redis keeps a queue of some hundred megabytes at the most. */
export const QUEUE_SIZE = 's-1vcpu-1gb';

/** DigitalOcean's list prices in US dollars a month, without taxes, as of September 2026. */
const PRICES_AS_OF = 'September 2026';
export const DROPLETS: Readonly<Record<string, number>> = {
  's-1vcpu-512mb-10gb': 4,
  's-1vcpu-1gb': 6,
  's-1vcpu-2gb': 12,
  's-2vcpu-2gb': 18,
  's-2vcpu-4gb': 24,
  's-4vcpu-8gb': 48,
  's-8vcpu-16gb': 96,
};
export const LOAD_BALANCER = 12;

/** What the stack's hosts cost a month, as one line. Storage and traffic come on top. */
export function describeCosts({ nodes, dropletSize }: Pick<Settings, 'nodes' | 'dropletSize'>): string {
  const host = DROPLETS[dropletSize];
  if (host === undefined) return `the price of a ${dropletSize} is not known here: see DigitalOcean's list`;
  const hosts = `${nodes} × ${dropletSize} at $${host}`;
  const [parts, total] =
    nodes === 1
      ? [hosts, host]
      : [
          `${hosts}, the queue host at $${DROPLETS[QUEUE_SIZE]}, the load balancer at $${LOAD_BALANCER}`,
          nodes * host + DROPLETS[QUEUE_SIZE]! + LOAD_BALANCER,
        ];
  return `the hosts cost $${total} a month (${parts}; DigitalOcean's list of ${PRICES_AS_OF}), without storage and traffic`;
}
