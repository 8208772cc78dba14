import { describe, expect, test } from 'vitest';
import { closeFirewall, type Firewall, withoutSource } from '../../scripts/ci/lib/digitalocean.ts';
import { startApi } from './server.ts';

const NETWORK = '20.51.1.2/32';
const firewall = (addresses: readonly string[], tags: readonly string[] | null = ['oven']): Firewall => ({
  name: 'oven',
  inbound_rules: [
    { protocol: 'tcp', ports: '22', sources: { addresses, tags } },
    { protocol: 'tcp', ports: '443', sources: { addresses: ['173.245.48.0/20'] } },
  ],
  outbound_rules: [{ protocol: 'icmp' }],
  tags: ['oven'],
});
const sources = (changed: Firewall | undefined) => changed?.inbound_rules.map((rule) => rule.sources);

describe('a network is taken out of a firewall', () => {
  test.each([
    ['as it was put', [NETWORK, '198.51.100.7/32'], ['198.51.100.7/32']],
    ['without its prefix', ['20.51.1.2', '198.51.100.7/32'], ['198.51.100.7/32']],
    ['the last of a rule that has a tag', [NETWORK], []],
  ])('A network is removed from a firewall: %s', (_how, before, after) => {
    expect(sources(withoutSource(firewall(before), NETWORK))).toEqual([
      { addresses: after, tags: ['oven'] },
      { addresses: ['173.245.48.0/20'] },
    ]);
  });

  test('A rule without any source left is removed, because it would admit the world', () => {
    const changed = withoutSource(firewall([NETWORK], null), NETWORK);
    expect(sources(changed)).toEqual([{ addresses: ['173.245.48.0/20'] }]);
    expect(changed).toMatchObject({ name: 'oven', droplet_ids: [], tags: ['oven'] });
  });

  test.each([[['198.51.100.7/32']], [['20.51.1.0/24']], [['20.51.1.20']], [[]]])(
    'or is not in %j',
    (list) => {
      expect(withoutSource(firewall(list), NETWORK)).toBeUndefined();
    },
  );
});

describe('DigitalOcean is asked', () => {
  const run = async (before: Firewall, status = 200) => {
    const api = await startApi(({ method }) => [method === 'PUT' ? status : 200, { firewall: before }]);
    const environment = { DIGITALOCEAN_API_URL: api.url, DIGITALOCEAN_TOKEN: 'token' };
    try {
      return { was: await closeFirewall('f-1', NETWORK, environment), calls: api.calls };
    } finally {
      await api.close();
    }
  };

  test('DigitalOcean gets the firewall without the network', async () => {
    const { was, calls } = await run(firewall([NETWORK]));
    expect(was).toBe(true);
    expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /v2/firewalls/f-1',
      'PUT /v2/firewalls/f-1',
    ]);
    expect(calls[1]?.body).toEqual(withoutSource(firewall([NETWORK]), NETWORK));
    expect(calls[1]?.headers.authorization).toBe('Bearer token');
  });

  test('DigitalOcean gets no change when the network is not in the firewall', async () => {
    const { was, calls } = await run(firewall([]));
    expect([was, calls.length]).toEqual([false, 1]);
  });

  test('A refusal of DigitalOcean is an error', async () => {
    await expect(run(firewall([NETWORK]), 403)).rejects.toThrow('DigitalOcean answered 403 to PUT');
  });
});
