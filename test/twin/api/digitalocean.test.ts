import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ALERT, CHECK, DROPLET, PUBLIC_KEY, UPTIME_ALERT } from './examples.ts';
import { memoryHardware } from './hardware.ts';
import { openRig, type Rig } from './rig.ts';

let { api, hardware, ask, ok, settledDroplet, droplet } = {} as Rig;

async function open(options: Parameters<typeof openRig>[0] = {}) {
  ({ api, hardware, ask, ok, settledDroplet, droplet } = await openRig(options));
}

beforeEach(() => open());
afterEach(() => api.close());

describe('droplets', () => {
  test('A droplet is new, then active with its addresses, and boots with the sent data', async () => {
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
      name: 'oven',
      userData: DROPLET.user_data,
      memoryMb: 2048,
      publicKeys: [PUBLIC_KEY],
    });
    const { actions } = await ok(200, 'GET', `/v2/droplets/${droplet.id}/actions`);
    expect(actions).toMatchObject([{ type: 'create', status: 'completed', resource_type: 'droplet' }]);
    expect((await ok(200, 'GET', '/v2/tags/oven')).tag.resources.droplets.count).toBe(1);
    expect((await ok(200, 'GET', '/v2/droplets?tag_name=other')).droplets).toEqual([]);
  });

  test('A droplet is not active before its machine is', async () => {
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

  test('A droplet whose machine does not start is off and can be destroyed', async () => {
    await api.close();
    const before = async (what: string) => {
      if (what === 'boot') throw new Error('no power');
    };
    await open({ hardware: memoryHardware({ before }) });
    const { status, id } = await droplet();
    expect(status).toBe('off');
    const { actions } = await ok(200, 'GET', `/v2/droplets/${id}/actions`);
    expect(actions[0].status).toBe('errored');
    expect(api.log()).toContain('no power');
    await ok(204, 'DELETE', `/v2/droplets/${id}`);
  });

  test('A deleted droplet loses its address, and is gone when its machine is', async () => {
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

  test('A droplet can be renamed, but not during another action', async () => {
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

test('A reserved address moves from droplet to droplet', async () => {
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

test('The first VPC of a region is its default and can’t be deleted', async () => {
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

test('Keys, alerts and checks can be made, changed and deleted', async () => {
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

test('A change of a check keeps the fields that it does not name', async () => {
  const { check } = await ok(201, 'POST', '/v2/uptime/checks', CHECK);
  const changed = await ok(200, 'PUT', `/v2/uptime/checks/${check.id}`, { enabled: false });
  expect(changed.check).toEqual({ ...check, enabled: false });
});

test('A Spaces key without grants may do nothing', async () => {
  const { key } = await ok(201, 'POST', '/v2/spaces/keys', { name: 'none' });
  expect(key.grants).toEqual([]);
});

test('The stand-in has no CDN, because the program makes none', async () => {
  for (const path of ['/v2/cdn/endpoints', '/v2/certificates'])
    expect((await ask('GET', path)).status).toBe(404);
});

test('Lists have pages that link to each other', async () => {
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

test('Regions, sizes and images are as in the catalogue', async () => {
  const { regions } = await ok(200, 'GET', '/v2/regions?page=1&per_page=200');
  const sfo3 = regions.find(({ slug }: { slug: string }) => slug === 'sfo3');
  expect(sfo3).toMatchObject({ available: true, sizes: expect.arrayContaining(['s-2vcpu-2gb']) });
  expect((await ok(200, 'GET', '/v2/sizes')).sizes.length).toBeGreaterThan(5);
  expect((await ok(200, 'GET', '/v2/images')).images.length).toBeGreaterThan(2);
  expect((await ok(200, 'GET', '/v2/account')).account.status).toBe('active');
});
