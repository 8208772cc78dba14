import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BALANCER, FIREWALL } from './examples.ts';
import { openRig, type Rig } from './rig.ts';

let { api, hardware, ask, ok, droplet } = {} as Rig;

async function open(options: Parameters<typeof openRig>[0] = {}) {
  ({ api, hardware, ask, ok, droplet } = await openRig(options));
}

beforeEach(() => open());
afterEach(() => api.close());

describe('firewalls', () => {
  test('A firewall protects droplets with its tag, earlier and later ones', async () => {
    await ok(201, 'POST', '/v2/tags', { name: 'oven' });
    const { firewall } = await ok(202, 'POST', '/v2/firewalls', FIREWALL);
    const seen: unknown[] = [];
    const { boot } = hardware;
    Object.assign(hardware, {
      boot: (machine: Parameters<typeof boot>[0]) => {
        seen.push(hardware.guards.get(machine.id)?.inbound.map(({ ports }) => ports));
        return boot(machine);
      },
    });
    const { id, networks } = await droplet();
    expect(seen).toEqual([['22', '443']]);
    const [inner, outer] = networks.v4.map((one: { ip_address: string }) => one.ip_address);
    expect(hardware.guards.get(id)).toEqual({
      inbound: [
        { protocol: 'tcp', ports: '22', peers: ['203.0.113.7/32', outer, inner] },
        { protocol: 'tcp', ports: '443', peers: ['173.245.48.0/20', '2400:cb00::/32'] },
      ],
      outbound: [
        { protocol: 'tcp', ports: '1-65535', peers: ['0.0.0.0/0', '::/0'] },
        { protocol: 'udp', ports: 'all', peers: ['0.0.0.0/0', '::/0'] },
        { protocol: 'icmp', peers: ['0.0.0.0/0', '::/0'] },
      ],
    });
    await ok(204, 'DELETE', `/v2/firewalls/${firewall.id}`);
    expect(hardware.guards.size).toBe(0);
  });

  test('A firewall is returned as it was sent, but with 0 for all ports', async () => {
    await ok(201, 'POST', '/v2/tags', { name: 'oven' });
    const { firewall } = await ok(202, 'POST', '/v2/firewalls', FIREWALL);
    expect(firewall).toMatchObject({ status: 'succeeded', tags: ['oven'], droplet_ids: [] });
    expect(firewall.inbound_rules).toEqual(FIREWALL.inbound_rules);
    expect(firewall.outbound_rules.map((rule: { ports: string }) => rule.ports)).toEqual([
      '1-65535',
      '0',
      '0',
    ]);
  });

  test('Rules, tags and droplets of a firewall can be added and removed', async () => {
    await ok(201, 'POST', '/v2/tags', { name: 'oven' });
    const { firewall } = await ok(202, 'POST', '/v2/firewalls', FIREWALL);
    const { id } = await droplet({ tags: [] });
    const at = `/v2/firewalls/${firewall.id}`;
    const rule = {
      inbound_rules: [{ protocol: 'tcp', ports: '8080', sources: { addresses: ['0.0.0.0/0'] } }],
    };
    await ok(204, 'POST', `${at}/rules`, rule);
    expect((await ok(200, 'GET', at)).firewall.inbound_rules).toHaveLength(3);
    expect(hardware.guards.has(id)).toBe(false);
    await ok(204, 'POST', `${at}/droplets`, { droplet_ids: [id] });
    expect(hardware.guards.get(id)?.inbound).toHaveLength(3);
    await ok(204, 'DELETE', `${at}/rules`, rule);
    expect(hardware.guards.get(id)?.inbound).toHaveLength(2);
    expect((await ask('DELETE', `${at}/rules`, rule)).status).toBe(422);
    await ok(204, 'DELETE', `${at}/droplets`, { droplet_ids: [id] });
    await ok(204, 'POST', '/v2/tags/oven/resources', {
      resources: [{ resource_id: String(id), resource_type: 'droplet' }],
    });
    expect(hardware.guards.has(id)).toBe(true);
    await ok(204, 'DELETE', `${at}/tags`, { tags: ['oven'] });
    expect(hardware.guards.size).toBe(0);
    await ok(204, 'POST', `${at}/tags`, { tags: ['oven'] });
    await ok(204, 'DELETE', '/v2/tags/oven');
    expect([hardware.guards.size, (await ok(200, 'GET', at)).firewall.tags]).toEqual([0, []]);
  });
});

describe('load balancers', () => {
  test('A load balancer is new, then active with its address, and leads to droplets with its tag, earlier and later ones', async () => {
    await ok(201, 'POST', '/v2/tags', { name: 'oven' });
    const first = await droplet();
    const made = (await ok(202, 'POST', '/v2/load_balancers', BALANCER)).load_balancer;
    expect(made).toMatchObject({ status: 'new', ip: '', droplet_ids: [first.id] });
    await api.settled();
    const at = `/v2/load_balancers/${made.id}`;
    await ok(200, 'GET', at);
    const active = (await ok(200, 'GET', at)).load_balancer;
    expect(active).toMatchObject({ status: 'active', ip: '203.0.113.100', tag: 'oven' });
    const second = await droplet({ name: 'oven-2' });
    const { targets, ports, allowed, health } = hardware.balancers.get(made.id)!;
    expect([...targets.keys()]).toEqual([first.id, second.id]);
    expect([ports, allowed]).toEqual([[{ entry: 443, target: 443 }], ['173.245.48.0/20', '192.0.2.7']]);
    expect(health).toEqual({
      port: 8081,
      path: '/health/host',
      intervalSeconds: 5,
      timeoutSeconds: 3,
      rise: 2,
      fall: 2,
    });
    await ok(204, 'DELETE', `/v2/droplets/${first.id}`);
    await api.settled();
    expect([...hardware.balancers.get(made.id)!.targets.keys()]).toEqual([second.id]);
    await ok(204, 'DELETE', at);
    expect(hardware.balancers.size).toBe(0);
  });

  test('A firewall admits a load balancer by its id', async () => {
    await ok(201, 'POST', '/v2/tags', { name: 'oven' });
    const { id } = (await ok(202, 'POST', '/v2/load_balancers', BALANCER)).load_balancer;
    await api.settled();
    const rule = (uid: string) => ({
      inbound_rules: [{ protocol: 'tcp', ports: '443', sources: { load_balancer_uids: [uid] } }],
    });
    const { firewall } = await ok(202, 'POST', '/v2/firewalls', { ...FIREWALL, ...rule(id) });
    expect(firewall.inbound_rules).toEqual(rule(id).inbound_rules);
    const { id: host } = await droplet();
    expect(hardware.guards.get(host)?.inbound[0]?.peers).toEqual(['10.0.1.0']);
    const { status } = await ask('POST', `/v2/firewalls/${firewall.id}/rules`, rule('nobody'));
    expect(status).toBe(422);
  });
});
