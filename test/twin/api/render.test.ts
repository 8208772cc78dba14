import { expect, test } from 'vitest';
import { openApi } from './api.ts';
import { CHECK, DROPLET, FIREWALL, RECORD, UPTIME_ALERT, ZONE } from './examples.ts';
import { memoryHardware } from './hardware.ts';
import { renderLog } from './log.ts';

test('The log has a line for each call', () => {
  const at = new Date('2026-01-02T03:04:05.678Z');
  const calls = [
    { at, method: 'POST', path: '/v2/tags', status: 201, did: 'made tag oven' },
    { at, method: 'DELETE', path: '/v2/tags/oven', status: 0, did: 'cut\n  before the answer' },
  ];
  expect(renderLog(calls)).toBe(`03:04:05.678 POST   201 /v2/tags  made tag oven
03:04:05.678 DELETE cut /v2/tags/oven  cut before the answer
`);
  expect(renderLog([])).toBe('');
});

test('The picture shows related resources together', async () => {
  const api = await openApi({ hardware: memoryHardware(), zone: ZONE, polls: 0, regionsInUse: ['sfo3'] });
  expect(api.picture()).toBe(`droplets
  (none)
VPCs
  default-sfo3: 10.0.0.0/20 in sfo3, the default
zone aesthetic.computer (SSL strict)
  (none)
`);
  await api.byHand('POST', '/v2/tags', { name: 'oven' });
  await api.byHand('POST', '/v2/firewalls', FIREWALL);
  const { droplet } = (await api.byHand('POST', '/v2/droplets', DROPLET)) as { droplet: { id: number } };
  await api.settled();
  await api.byHand('GET', `/v2/droplets/${droplet.id}`);
  await api.byHand('POST', '/v2/reserved_ips', { droplet_id: droplet.id });
  await api.settled();
  const { check } = (await api.byHand('POST', '/v2/uptime/checks', CHECK)) as { check: { id: string } };
  await api.byHand('POST', `/v2/uptime/checks/${check.id}/alerts`, UPTIME_ALERT);
  await api.byHand('POST', `/client/v4/zones/${ZONE.id}/dns_records`, RECORD);
  expect(api.picture()).toBe(`droplets
  oven (${droplet.id}): active, s-2vcpu-2gb, ubuntu-24-04-x64, sfo3
    address 198.51.100.1, private 10.0.0.1, reserved 192.0.2.200
    behind firewall oven, tagged oven
reserved addresses
  192.0.2.200 → oven (${droplet.id})
firewalls
  oven: for tag oven
    in  tcp/22 from 203.0.113.7/32, tag oven
    in  tcp/443 from 173.245.48.0/20, 2400:cb00::/32
    out tcp/1-65535 to 0.0.0.0/0, ::/0
    out udp/all to 0.0.0.0/0, ::/0
    out icmp to 0.0.0.0/0, ::/0
tags
  oven: on 1 droplet
VPCs
  default-sfo3: 10.0.0.0/20 in sfo3, the default
uptime checks
  https://oven.aesthetic.computer/health from us_west, eu_west
    down_global for 2m
zone aesthetic.computer (SSL strict)
  A oven.aesthetic.computer → 192.0.2.200 (proxied)
`);
  await api.close();
});
