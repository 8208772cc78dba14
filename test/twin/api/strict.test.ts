import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ALERT, CHECK, DROPLET, FIREWALL, PUBLIC_KEY, UPTIME_ALERT } from './examples.ts';
import { openRig, type Rig } from './rig.ts';

let { api, ask, ok, droplet } = {} as Rig;

async function open(options: Parameters<typeof openRig>[0] = {}) {
  ({ api, ask, ok, droplet } = await openRig(options));
}

beforeEach(() => open());
afterEach(() => api.close());

describe('what is wrong is refused', () => {
  const DROPLETS = '/v2/droplets';
  const missing = '0e5a0000-0000-4000-8000-00000000dead';
  const rule = (more: object) => ({
    ...FIREWALL,
    inbound_rules: [{ ...FIREWALL.inbound_rules[1], ...more }],
  });
  const cases: [what: string, status: number, path: string, body: unknown, says: RegExp][] = [
    ['an unknown field', 422, DROPLETS, { ...DROPLET, colour: 'red' }, /colour/],
    ['a wrong type', 422, DROPLETS, { ...DROPLET, monitoring: 'yes' }, /monitoring/],
    ['a missing field', 422, DROPLETS, { ...DROPLET, image: undefined }, /image/],
    ['an odd name', 422, DROPLETS, { ...DROPLET, name: 'an oven' }, /hostname/],
    ['no such region', 422, DROPLETS, { ...DROPLET, region: 'mars1' }, /invalid region/],
    ['a region that takes nobody', 422, DROPLETS, { ...DROPLET, region: 'nyc2' }, /invalid region/],
    ['no such size', 422, DROPLETS, { ...DROPLET, size: 's-9vcpu' }, /invalid size/],
    [
      'a size of other regions',
      422,
      DROPLETS,
      { ...DROPLET, region: 'sfo2', size: 's-1vcpu-512mb-10gb' },
      /not available in this region/,
    ],
    ['no such image', 422, DROPLETS, { ...DROPLET, image: 'ubuntu-04-04' }, /invalid image/],
    ['no such key', 422, DROPLETS, { ...DROPLET, ssh_keys: ['aa:bb'] }, /aa:bb/],
    ['no such VPC', 422, DROPLETS, { ...DROPLET, vpc_uuid: missing }, /VPC/],
    ['too much user-data', 422, DROPLETS, { ...DROPLET, user_data: 'x'.repeat(65 * 1024) }, /64 KiB/],
    ['no JSON', 400, DROPLETS, '{"name":', /parsing/],
    ['no such droplet of a firewall', 422, '/v2/firewalls', { ...FIREWALL, droplet_ids: [7] }, /droplet 7/],
    ['no such tag', 422, '/v2/firewalls', { ...FIREWALL, tags: ['nobody'] }, /tag nobody/],
    ['no such tag of a source', 422, '/v2/firewalls', rule({ sources: { tags: ['nobody'] } }), /tag nobody/],
    ['nobody to let in', 422, '/v2/firewalls', rule({ sources: {} }), /at least one/],
    ['no address', 422, '/v2/firewalls', rule({ sources: { addresses: ['10.0.0.0/33'] } }), /CIDR/],
    ['no ports', 422, '/v2/firewalls', rule({ ports: undefined }), /valid range/],
    ['ports backwards', 422, '/v2/firewalls', rule({ ports: '90-80' }), /valid range/],
    ['another protocol', 422, '/v2/firewalls', rule({ protocol: 'gre' }), /protocol/],
    [
      'no rule',
      422,
      '/v2/firewalls',
      { ...FIREWALL, inbound_rules: null, outbound_rules: null },
      /at least one rule/,
    ],
    ['no key', 422, '/v2/account/keys', { name: 'x', public_key: 'ssh-ed25519 AAAA' }, /Key invalid/],
    [
      'no such bucket',
      400,
      '/v2/spaces/keys',
      { name: 'x', grants: [{ bucket: 'none', permission: 'read' }] },
      /bucket none/,
    ],
    [
      'no such grant',
      400,
      '/v2/spaces/keys',
      { name: 'x', grants: [{ bucket: 'art', permission: 'own' }] },
      /permission/,
    ],
    [
      'an address nobody showed to be theirs',
      422,
      '/v2/monitoring/alerts',
      { ...ALERT, alerts: { email: ['x@y.com'], slack: null } },
      /not verified/,
    ],
    ['another window', 422, '/v2/monitoring/alerts', { ...ALERT, window: '7m' }, /window/],
    ['no such figure', 422, '/v2/monitoring/alerts', { ...ALERT, type: 'v1/insights/droplet/mood' }, /type/],
    ['no such droplet of an alert', 422, '/v2/monitoring/alerts', { ...ALERT, entities: ['7'] }, /droplet 7/],
    ['another address type', 422, '/v2/uptime/checks', { ...CHECK, target: 'http://x.com' }, /target/],
    ['no such check', 404, `/v2/uptime/checks/${missing}/alerts`, UPTIME_ALERT, /could not be found/],
    [
      'a range of another',
      422,
      '/v2/vpcs',
      { name: 'x', region: 'sfo3', ip_range: '10.0.0.0/20' },
      /overlaps/,
    ],
    ['both of two', 422, '/v2/reserved_ips', { region: 'sfo3', droplet_id: 7 }, /exactly one/],
    ['no such path', 404, '/v2/kubernetes/clusters', {}, /could not be found/],
  ];
  test.each(cases)('DigitalOcean refuses %s with %i', async (_what, status, path, sent, says) => {
    await ok(201, 'POST', '/v2/tags', { name: 'oven' });
    const answer = await ask('POST', path, sent);
    expect([answer.status, answer.body.message]).toEqual([status, expect.stringMatching(says)]);
    expect(Object.keys(answer.body)).toEqual(['id', 'message']);
    expect(api.state.droplets.size + api.state.firewalls.size + api.state.alerts.size).toBe(0);
  });

  test('DigitalOcean refuses a second resource of the same name', async () => {
    await ok(201, 'POST', '/v2/tags', { name: 'oven' });
    await ok(201, 'POST', '/v2/tags', { name: 'oven' });
    const key = { name: 'login', public_key: PUBLIC_KEY };
    await ok(201, 'POST', '/v2/account/keys', key);
    expect((await ask('POST', '/v2/account/keys', key)).status).toBe(422);
    await ok(202, 'POST', '/v2/firewalls', FIREWALL);
    expect((await ask('POST', '/v2/firewalls', FIREWALL)).body).toEqual({
      id: 'conflict',
      message: 'duplicate name',
    });
  });

  test('DigitalOcean refuses too many addresses, and addresses for droplets that can’t have one', async () => {
    const { id } = await droplet();
    const far = await droplet({ region: 'fra1' });
    const ips = [];
    for (let n = 0; n < 2; n++)
      ips.push((await ok(202, 'POST', '/v2/reserved_ips', { region: 'sfo3' })).reserved_ip.ip);
    expect((await ask('POST', '/v2/reserved_ips', { region: 'sfo3' })).status).toBe(422);
    const assign = (ip: string, droplet: number) =>
      ask('POST', `/v2/reserved_ips/${ip}/actions`, { type: 'assign', droplet_id: droplet });
    expect((await assign(ips[0], 7)).body.message).toMatch(/does not exist/);
    expect((await assign(ips[0], far.id)).body.message).toMatch(/another region/);
    api.fault({ method: 'POST', path: /actions$/, polls: Number.POSITIVE_INFINITY });
    expect((await assign(ips[0], id)).status).toBe(201);
    expect((await assign(ips[0], id)).body.message).toMatch(/pending event/);
    api.clearFaults();
    await api.settled();
    expect((await assign(ips[0], id)).status).toBe(201);
    await api.settled();
    expect((await assign(ips[1], id)).body.message).toMatch(/already has/);
    expect((await assign('192.0.2.9', id)).status).toBe(404);
  });

  test('DigitalOcean refuses unknown parameters and missing pages', async () => {
    for (const query of ['colour=red', 'page=0', 'per_page=201', 'per_page=many']) {
      expect([query, (await ask('GET', `/v2/droplets?${query}`)).status]).toEqual([query, 400]);
    }
  });

  test.each([
    ['none', null],
    ['a wrong one', 'x'],
  ])('DigitalOcean refuses a call without a valid token: %s', async (_what, token) => {
    const answer = await ask('GET', '/v2/regions', undefined, token);
    expect([answer.status, answer.body]).toEqual([
      401,
      { id: 'unauthorized', message: 'Unable to authenticate you' },
    ]);
    expect((await ask('DELETE', '/v2/nothing', undefined, token)).status).toBe(401);
  });
});
