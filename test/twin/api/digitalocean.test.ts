import { execaSync } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Api, type ApiOptions, openApi } from './api.ts';
import { type Ask, clientsOf } from './client.ts';
import { ALERT, CHECK, DROPLET, FIREWALL, PUBLIC_KEY, UPTIME_ALERT, ZONE } from './examples.ts';
import { type MemoryHardware, memoryHardware, memorySpaces } from './hardware.ts';

let hardware: MemoryHardware;
let api: Api;
let ask: Ask;

async function open(options: Partial<ApiOptions> = {}) {
  hardware = (options.hardware as MemoryHardware) ?? memoryHardware();
  const spaces = memorySpaces(new Set(['art', 'blobs']));
  const emails = ['me@aesthetic.computer'];
  api = await openApi({ zone: ZONE, spaces, emails, regionsInUse: ['sfo3'], ...options, hardware });
  ask = clientsOf(api).digitalocean;
}

beforeEach(() => open());
afterEach(() => api.close());

/** Asks and expects a status; gives the body. */
async function ok(status: number, ...call: Parameters<Ask>) {
  const answer = await ask(...call);
  expect([answer.status, call.slice(0, 2).join(' '), answer.body?.message]).toEqual([
    status,
    call.slice(0, 2).join(' '),
    undefined,
  ]);
  return answer.body;
}

/** Looks again and again until a droplet is there, as the provider does. */
async function settledDroplet(id: number) {
  await api.settled();
  for (let looks = 0; looks < 5; looks++) {
    const { droplet } = await ok(200, 'GET', `/v2/droplets/${id}`);
    if (!droplet.locked) return droplet;
  }
  throw new Error('still locked');
}

async function droplet(more = {}) {
  const made = await ok(202, 'POST', '/v2/droplets', { ...DROPLET, ...more });
  return settledDroplet(made.droplet.id);
}

describe('droplets', () => {
  test('one is new, then active with its addresses, and boots with what was sent', async () => {
    const key = (await ok(201, 'POST', '/v2/account/keys', { name: 'login', public_key: PUBLIC_KEY }))
      .ssh_key;
    const { vpc } = await ok(201, 'POST', '/v2/vpcs', { name: 'oven-net', region: 'sfo3' });
    const asked = { ...DROPLET, ssh_keys: [key.fingerprint], vpc_uuid: vpc.id };
    const { droplet, links } = await ok(202, 'POST', '/v2/droplets', asked);
    expect(droplet).toMatchObject({ status: 'new', locked: true, networks: { v4: [], v6: [] } });
    expect(links.actions[0]).toMatchObject({ rel: 'create' });
    const active = await settledDroplet(droplet.id);
    expect(active).toMatchObject({ status: 'active', memory: 2048, vpc_uuid: vpc.id, tags: ['oven'] });
    expect(active.networks.v4.map((one: { type: string }) => one.type)).toEqual(['private', 'public']);
    expect(active.features).toContain('monitoring');
    expect(hardware.machines.get(droplet.id)).toMatchObject({
      ...{ name: 'oven', userData: DROPLET.user_data, memoryMb: 2048, publicKeys: [PUBLIC_KEY] },
    });
    const { actions } = await ok(200, 'GET', `/v2/droplets/${droplet.id}/actions`);
    expect(actions).toMatchObject([{ type: 'create', status: 'completed', resource_type: 'droplet' }]);
    expect((await ok(200, 'GET', '/v2/tags/oven')).tag.resources.droplets.count).toBe(1);
    expect((await ok(200, 'GET', '/v2/droplets?tag_name=other')).droplets).toEqual([]);
  });

  test('one is not active before its machine is', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await api.close();
    await open({
      hardware: memoryHardware({ before: (what) => (what === 'boot' ? promise : Promise.resolve()) }),
    });
    const made = await ok(202, 'POST', '/v2/droplets', DROPLET);
    for (let looks = 0; looks < 5; looks++) {
      expect((await ok(200, 'GET', `/v2/droplets/${made.droplet.id}`)).droplet.status).toBe('new');
    }
    resolve();
    expect((await settledDroplet(made.droplet.id)).status).toBe('active');
  });

  test('one whose machine can not be switched on stays new, and can be destroyed', async () => {
    await api.close();
    const before = async (what: string) => {
      if (what === 'boot') throw new Error('no power');
    };
    await open({ hardware: memoryHardware({ before }) });
    const { status, id } = await droplet();
    expect(status).toBe('new');
    const { actions } = await ok(200, 'GET', `/v2/droplets/${id}/actions`);
    expect(actions[0].status).toBe('errored');
    expect(api.log()).toContain('no power');
    await ok(204, 'DELETE', `/v2/droplets/${id}`);
  });

  test('one that goes takes its address along, and is gone when its machine is', async () => {
    const { id } = await droplet();
    const { reserved_ip: reserved } = await ok(202, 'POST', '/v2/reserved_ips', { region: 'sfo3' });
    await ok(201, 'POST', `/v2/reserved_ips/${reserved.ip}/actions`, { type: 'assign', droplet_id: id });
    await api.settled();
    expect(hardware.pointers.get(reserved.ip)).toBe(id);
    await ok(204, 'DELETE', `/v2/droplets/${id}`);
    await api.settled();
    expect((await ask('GET', `/v2/droplets/${id}`)).status).toBe(404);
    expect((await ok(200, 'GET', `/v2/reserved_ips/${reserved.ip}`)).reserved_ip.droplet).toBeNull();
    expect([hardware.machines.size, hardware.pointers.size]).toEqual([0, 0]);
  });

  test('one can be renamed, but not while something else is done with it', async () => {
    const { id } = await droplet();
    api.fault({ method: 'POST', path: /actions$/, polls: Number.POSITIVE_INFINITY });
    await ok(201, 'POST', `/v2/droplets/${id}/actions`, { type: 'rename', name: 'other' });
    const again = await ask('POST', `/v2/droplets/${id}/actions`, { type: 'rename', name: 'third' });
    expect([again.status, again.body.message]).toEqual([422, 'Droplet already has a pending event.']);
    api.clearFaults();
    expect((await settledDroplet(id)).name).toBe('other');
    // Who was interrupted has not looked, and is not told to wait once it is done.
    await ok(201, 'POST', `/v2/droplets/${id}/actions`, { type: 'rename', name: 'third' });
    await api.settled();
    await ok(201, 'POST', `/v2/droplets/${id}/actions`, { type: 'rename', name: 'fourth' });
  });
});

test('a reserved address moves from droplet to droplet', async () => {
  const [one, two] = [await droplet(), await droplet()];
  const { reserved_ip: reserved } = await ok(202, 'POST', '/v2/reserved_ips', { region: 'sfo3' });
  const actions = `/v2/reserved_ips/${reserved.ip}/actions`;
  for (const { id } of [one, two]) {
    const { action } = await ok(201, 'POST', actions, { type: 'assign', droplet_id: id });
    expect(action).toMatchObject({ status: 'in-progress', type: 'assign_ip', resource_type: 'reserved_ip' });
    await api.settled();
    const looks = [];
    for (let n = 0; n < 2; n++) looks.push((await ok(200, 'GET', `${actions}/${action.id}`)).action.status);
    expect(looks).toEqual(['in-progress', 'completed']);
    expect(hardware.pointers.get(reserved.ip)).toBe(id);
    expect((await ok(200, 'GET', `/v2/reserved_ips/${reserved.ip}`)).reserved_ip.droplet.id).toBe(id);
  }
  await ok(201, 'POST', actions, { type: 'unassign' });
  await api.settled();
  expect(hardware.pointers.size).toBe(0);
  const { action } = await ok(200, 'GET', `/v2/actions/${(await ok(200, 'GET', actions)).actions.at(-1).id}`);
  expect(action.type).toBe('unassign_ip');
  expect((await ask('POST', actions, { type: 'unassign' })).status).toBe(422);
  await ok(204, 'DELETE', `/v2/reserved_ips/${reserved.ip}`);
  expect((await ok(200, 'GET', '/v2/reserved_ips')).reserved_ips).toEqual([]);
});

describe('firewalls', () => {
  test('one is in force for those that have its tag, before they are there and after', async () => {
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

  test('one is shown as it was sent, but all ports as 0', async () => {
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

  test('rules, tags and droplets are added and taken away', async () => {
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

test('the first VPC of a region is its default, and can not be deleted', async () => {
  await api.close();
  await open({ regionsInUse: [] });
  const first = (await ok(201, 'POST', '/v2/vpcs', { name: 'first', region: 'sfo3' })).vpc;
  const second = (await ok(201, 'POST', '/v2/vpcs', { name: 'second', region: 'sfo3' })).vpc;
  expect([first.default, second.default]).toEqual([true, false]);
  expect(first.ip_range).not.toBe(second.ip_range);
  expect((await ask('DELETE', `/v2/vpcs/${first.id}`)).status).toBe(403);
  const { id } = await droplet({ vpc_uuid: second.id });
  expect((await ask('DELETE', `/v2/vpcs/${second.id}`)).body.message).toContain('members');
  await ok(204, 'DELETE', `/v2/droplets/${id}`);
  await api.settled();
  await ok(200, 'PUT', `/v2/vpcs/${second.id}`, { name: 'second', default: true });
  await ok(204, 'DELETE', `/v2/vpcs/${first.id}`);
});

test('keys, alerts and checks come, change and go', async () => {
  await ok(201, 'POST', '/v2/tags', { name: 'oven' });
  const grants = [{ bucket: 'art', permission: 'read' }];
  const { check } = await ok(201, 'POST', '/v2/uptime/checks', CHECK);
  const things = [
    ['/v2/account/keys', 'ssh_key', 201, { name: 'login', public_key: PUBLIC_KEY }, { name: 'other' }],
    ['/v2/spaces/keys', 'key', 201, { name: 'art', grants }, { name: 'other', grants }],
    ['/v2/monitoring/alerts', 'policy', 200, ALERT, { ...ALERT, value: 50 }],
    ['/v2/uptime/checks', 'check', 201, CHECK, { ...CHECK, name: 'other' }],
    [`/v2/uptime/checks/${check.id}/alerts`, 'alert', 201, UPTIME_ALERT, { ...UPTIME_ALERT, period: '5m' }],
  ] as const;
  for (const [path, key, status, first, second] of things) {
    const made = (await ok(status, 'POST', path, first))[key];
    const at = `${path}/${made.id ?? made.uuid ?? made.access_key}`;
    if (key === 'key') expect(made.secret_key).toMatch(/^secret-/);
    const { secret_key: _secret, ...shown } = made;
    expect((await ok(200, 'GET', at))[key]).toEqual(shown);
    const changed = (await ok(200, 'PUT', at, second))[key];
    expect(changed).toMatchObject(
      key === 'policy' ? { value: 50 } : key === 'alert' ? { period: '5m' } : { name: 'other' },
    );
    await ok(204, 'DELETE', at);
    expect((await ask('GET', at)).body).toEqual({ id: 'not_found', message: expect.any(String) });
  }
});

test('an uploaded certificate and a CDN belong together', async () => {
  const { key, certificate } = selfSigned('cdn.aesthetic.computer');
  const upload = { name: 'cdn', type: 'custom', private_key: key, leaf_certificate: certificate };
  const { certificate: taken } = await ok(201, 'POST', '/v2/certificates', upload);
  expect(taken).toMatchObject({ state: 'verified', dns_names: ['cdn.aesthetic.computer'] });
  expect((await ok(200, 'GET', '/v2/certificates?name=cdn&per_page=200')).certificates).toEqual([taken]);
  const other = selfSigned('cdn.aesthetic.computer');
  const mixed = await ask('POST', '/v2/certificates', { ...upload, name: 'x', private_key: other.key });
  expect([mixed.status, mixed.body.message]).toEqual([
    422,
    'private_key does not belong to leaf_certificate',
  ]);
  const cdn = { origin: 'blobs.sfo3.digitaloceanspaces.com', ttl: 3600, certificate_id: taken.id };
  const wrong = await ask('POST', '/v2/cdn/endpoints', { ...cdn, custom_domain: 'other.aesthetic.computer' });
  expect(wrong.status).toBe(422);
  const { endpoint } = await ok(201, 'POST', '/v2/cdn/endpoints', {
    ...cdn,
    custom_domain: 'cdn.aesthetic.computer',
  });
  expect(endpoint.endpoint).toBe('blobs.sfo3.cdn.digitaloceanspaces.com');
  expect((await ask('DELETE', `/v2/certificates/${taken.id}`)).status).toBe(403);
  await ok(200, 'PUT', `/v2/cdn/endpoints/${endpoint.id}`, { ttl: 60 });
  await ok(204, 'DELETE', `/v2/cdn/endpoints/${endpoint.id}`);
  await ok(204, 'DELETE', `/v2/certificates/${taken.id}`);
});

test('lists come in pages that link to each other', async () => {
  for (let n = 0; n < 45; n++) await ok(201, 'POST', '/v2/tags', { name: `tag-${n}` });
  const names: string[] = [];
  const totals = new Set<number>();
  let next: string | undefined = '/v2/tags?page=1&per_page=20';
  let count = 0;
  while (next !== undefined) {
    const page: {
      tags: { name: string }[];
      links: { pages: Record<string, string> };
      meta: { total: number };
    } = await ok(200, 'GET', next);
    names.push(...page.tags.map(({ name }) => name));
    totals.add(page.meta.total);
    count += 1;
    next = page.links.pages.next?.slice(api.digitalocean.length);
  }
  expect([count, new Set(names).size, [...totals]]).toEqual([3, 45, [45]]);
  const all = await ok(200, 'GET', '/v2/tags?per_page=200');
  expect([all.tags.length, all.links]).toEqual([45, {}]);
  const last = await ok(200, 'GET', '/v2/tags?per_page=20&page=3');
  expect(Object.keys(last.links.pages)).toEqual(['first', 'prev']);
  expect((await ok(200, 'GET', '/v2/tags')).tags).toHaveLength(20);
});

test('places are what they are', async () => {
  const { regions } = await ok(200, 'GET', '/v2/regions?page=1&per_page=200');
  const sfo3 = regions.find(({ slug }: { slug: string }) => slug === 'sfo3');
  expect(sfo3).toMatchObject({ available: true, sizes: expect.arrayContaining(['s-2vcpu-2gb']) });
  expect((await ok(200, 'GET', '/v2/sizes')).sizes.length).toBeGreaterThan(5);
  expect((await ok(200, 'GET', '/v2/images')).images.length).toBeGreaterThan(2);
  expect((await ok(200, 'GET', '/v2/account')).account.status).toBe('active');
});

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
      { ...ALERT, alerts: { email: ['x@y.com'] } },
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
    ['both of two', 422, '/v2/reserved_ips', { region: 'sfo3', droplet_id: 7 }, /either/],
    ['no such path', 404, '/v2/kubernetes/clusters', {}, /could not be found/],
  ];
  test.each(cases)('%s: %i', async (_what, status, path, sent, says) => {
    await ok(201, 'POST', '/v2/tags', { name: 'oven' });
    const answer = await ask('POST', path, sent);
    expect([answer.status, answer.body.message]).toEqual([status, expect.stringMatching(says)]);
    expect(Object.keys(answer.body)).toEqual(['id', 'message']);
    expect(api.state.droplets.size + api.state.firewalls.size + api.state.alerts.size).toBe(0);
  });

  test('what is there twice', async () => {
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

  test('addresses without end, and for droplets that can not have one', async () => {
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

  test('parameters that nobody knows, and pages that there are not', async () => {
    for (const query of ['colour=red', 'page=0', 'per_page=201', 'per_page=many']) {
      expect([query, (await ask('GET', `/v2/droplets?${query}`)).status]).toEqual([query, 400]);
    }
  });

  test.each([
    ['none', null],
    ['a wrong one', 'x'],
  ])('a call with no right token: %s', async (_what, token) => {
    const answer = await ask('GET', '/v2/regions', undefined, token);
    expect([answer.status, answer.body]).toEqual([
      401,
      { id: 'unauthorized', message: 'Unable to authenticate you' },
    ]);
    expect((await ask('DELETE', '/v2/nothing', undefined, token)).status).toBe(401);
  });
});

function selfSigned(name: string): { key: string; certificate: string } {
  const make = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '1',
  ];
  const { stdout } = execaSync('openssl', [
    ...make,
    ...['-keyout', '-', '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`],
  ]);
  const [key = '', certificate = ''] = stdout.split(/(?=-----BEGIN CERTIFICATE-----)/);
  return { key, certificate };
}
