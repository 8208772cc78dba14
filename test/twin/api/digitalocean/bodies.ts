import { ALERT, BALANCER, CHECK, DROPLET, FIREWALL, PUBLIC_KEY, UPTIME_ALERT } from '../examples.ts';
import type { Cloud } from './cloud.ts';

const KEY = { name: 'login', public_key: PUBLIC_KEY };
const tag = async ({ ask }: Cloud) => void (await ask('POST', '/v2/tags', { name: 'oven' }));
const made = async ({ ask }: Cloud, path: string, body: unknown) =>
  Object.values((await ask('POST', path, body)).body)[0] as Record<string, string>;
const droplet = async (cloud: Cloud) => Number((await made(cloud, '/v2/droplets', DROPLET)).id);
const firewall = async (cloud: Cloud) => {
  await tag(cloud);
  return `/v2/firewalls/${(await made(cloud, '/v2/firewalls', FIREWALL)).id}`;
};
const uptime = async (cloud: Cloud) =>
  `/v2/uptime/checks/${(await made(cloud, '/v2/uptime/checks', CHECK)).id}`;
const vpc = async (cloud: Cloud) =>
  `/v2/vpcs/${(await made(cloud, '/v2/vpcs', { name: 'net', region: 'sfo3' })).id}`;

const SLACK = [{ channel: '#oven', url: 'https://hooks.slack.com/services/T/B/x' }];
const RULES = {
  inbound_rules: FIREWALL.inbound_rules.slice(0, 1),
  outbound_rules: FIREWALL.outbound_rules.slice(-1),
};

/** A body of every operation that takes one, with all fields that it may have here, and what has to be there before. */
export const BODIES: readonly {
  readonly operation: string;
  readonly prepare: (cloud: Cloud) => Promise<{ path: string; body: unknown }>;
}[] = [
  { operation: 'POST /v2/account/keys', prepare: async () => ({ path: '/v2/account/keys', body: KEY }) },
  {
    operation: 'PUT /v2/account/keys/{ssh_key_identifier}',
    prepare: async (cloud) => ({
      path: `/v2/account/keys/${(await made(cloud, '/v2/account/keys', KEY)).id}`,
      body: { name: 'other' },
    }),
  },
  {
    operation: 'POST /v2/droplets',
    prepare: async (cloud) => {
      const { fingerprint } = await made(cloud, '/v2/account/keys', KEY);
      const { id } = await made(cloud, '/v2/vpcs', { name: 'net', region: 'sfo3' });
      const more = { ssh_keys: [fingerprint], vpc_uuid: id, with_droplet_agent: true, volumes: [] };
      return { path: '/v2/droplets', body: { ...DROPLET, ...more } };
    },
  },
  {
    operation: 'POST /v2/droplets/{droplet_id}/actions',
    prepare: async (cloud) => ({
      path: `/v2/droplets/${await droplet(cloud)}/actions`,
      body: { type: 'rename', name: 'other' },
    }),
  },
  {
    operation: 'POST /v2/reserved_ips',
    prepare: async () => ({ path: '/v2/reserved_ips', body: { region: 'sfo3' } }),
  },
  {
    operation: 'POST /v2/reserved_ips',
    prepare: async (cloud) => ({ path: '/v2/reserved_ips', body: { droplet_id: await droplet(cloud) } }),
  },
  {
    operation: 'POST /v2/reserved_ips/{reserved_ip}/actions',
    prepare: async (cloud) => {
      const { ip } = await made(cloud, '/v2/reserved_ips', { region: 'sfo3' });
      const body = { type: 'assign', droplet_id: await droplet(cloud) };
      return { path: `/v2/reserved_ips/${ip}/actions`, body };
    },
  },
  {
    operation: 'POST /v2/firewalls',
    prepare: async (cloud) => {
      await tag(cloud);
      return { path: '/v2/firewalls', body: { ...FIREWALL, droplet_ids: [await droplet(cloud)] } };
    },
  },
  {
    operation: 'PUT /v2/firewalls/{firewall_id}',
    prepare: async (cloud) => ({ path: await firewall(cloud), body: { ...FIREWALL, ...RULES } }),
  },
  ...(['POST', 'DELETE'] as const).flatMap((method) => [
    {
      operation: `${method} /v2/firewalls/{firewall_id}/rules`,
      prepare: async (cloud: Cloud) => {
        const path = await firewall(cloud);
        const rules = [{ protocol: 'tcp', ports: '8080', sources: { tags: ['oven'] } }];
        if (method === 'DELETE') await cloud.ask('POST', `${path}/rules`, { inbound_rules: rules });
        return { path: `${path}/rules`, body: method === 'POST' ? RULES : { inbound_rules: rules } };
      },
    },
    {
      operation: `${method} /v2/firewalls/{firewall_id}/droplets`,
      prepare: async (cloud: Cloud) => ({
        path: `${await firewall(cloud)}/droplets`,
        body: { droplet_ids: [await droplet(cloud)] },
      }),
    },
    {
      operation: `${method} /v2/firewalls/{firewall_id}/tags`,
      prepare: async (cloud: Cloud) => ({ path: `${await firewall(cloud)}/tags`, body: { tags: ['oven'] } }),
    },
    {
      operation: `${method} /v2/tags/{tag_id}/resources`,
      prepare: async (cloud: Cloud) => {
        await tag(cloud);
        const resources = [{ resource_id: String(await droplet(cloud)), resource_type: 'droplet' }];
        return { path: '/v2/tags/oven/resources', body: { resources } };
      },
    },
  ]),
  ...(['POST', 'PUT'] as const).map((method) => ({
    operation: method === 'POST' ? 'POST /v2/load_balancers' : 'PUT /v2/load_balancers/{lb_id}',
    prepare: async (cloud: Cloud) => {
      await tag(cloud);
      const path = '/v2/load_balancers';
      const sent = {
        ...BALANCER,
        vpc_uuid: (await made(cloud, '/v2/vpcs', { name: 'net', region: 'sfo3' })).id,
      };
      return { path: method === 'POST' ? path : `${path}/${(await made(cloud, path, sent)).id}`, body: sent };
    },
  })),
  { operation: 'POST /v2/tags', prepare: async () => ({ path: '/v2/tags', body: { name: 'oven' } }) },
  {
    operation: 'POST /v2/vpcs',
    prepare: async () => ({
      path: '/v2/vpcs',
      body: { name: 'net', region: 'sfo3', description: 'of a test', ip_range: '10.7.0.0/20' },
    }),
  },
  ...(['PUT', 'PATCH'] as const).map((method) => ({
    operation: `${method} /v2/vpcs/{vpc_id}`,
    prepare: async (cloud: Cloud) => ({
      path: await vpc(cloud),
      body: { name: 'other', description: 'of a test', default: true },
    }),
  })),
  ...(['POST', 'PUT'] as const).map((method) => ({
    operation: method === 'POST' ? 'POST /v2/monitoring/alerts' : 'PUT /v2/monitoring/alerts/{alert_uuid}',
    prepare: async (cloud: Cloud) => {
      await tag(cloud);
      const path = '/v2/monitoring/alerts';
      const body = {
        ...ALERT,
        entities: [String(await droplet(cloud))],
        alerts: { ...ALERT.alerts, slack: SLACK },
      };
      return { path: method === 'POST' ? path : `${path}/${(await made(cloud, path, body)).uuid}`, body };
    },
  })),
  {
    operation: 'POST /v2/uptime/checks',
    prepare: async () => ({ path: '/v2/uptime/checks', body: CHECK }),
  },
  {
    operation: 'PUT /v2/uptime/checks/{check_id}',
    prepare: async (cloud) => ({ path: await uptime(cloud), body: CHECK }),
  },
  ...(['POST', 'PUT'] as const).map((method) => ({
    operation:
      method === 'POST'
        ? 'POST /v2/uptime/checks/{check_id}/alerts'
        : 'PUT /v2/uptime/checks/{check_id}/alerts/{alert_id}',
    prepare: async (cloud: Cloud) => {
      const path = `${await uptime(cloud)}/alerts`;
      const body = {
        ...UPTIME_ALERT,
        type: 'latency',
        threshold: 300,
        comparison: 'greater_than',
        notifications: { ...UPTIME_ALERT.notifications, slack: SLACK },
      };
      return { path: method === 'POST' ? path : `${path}/${(await made(cloud, path, body)).id}`, body };
    },
  })),
];
