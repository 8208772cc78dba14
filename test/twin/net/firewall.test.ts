import { expect, test } from 'vitest';
import { renderAddresses, renderFirewall } from './firewall.ts';

test('The rules of a guarded host admit the named traffic and its responses', () => {
  const guard = {
    address: '203.0.113.10',
    inbound: [
      { protocol: 'tcp', ports: '22', peers: ['198.51.100.0/24', '2001:db8::/32'] },
      { protocol: 'tcp', ports: '8000-9000', peers: ['0.0.0.0/0', '::/0'] },
      { protocol: 'icmp', peers: ['0.0.0.0/0'] },
      { protocol: 'udp', ports: '53', peers: ['2001:db8::/32'] },
    ],
    outbound: [{ protocol: 'udp', ports: 'all', peers: ['0.0.0.0/0'] }],
  } as const;
  expect(renderFirewall([guard])).toBe(`table ip firewall
delete table ip firewall
table ip firewall {
  chain to-0 {
    ip saddr { 198.51.100.0/24 } tcp dport 22 accept
    tcp dport 8000-9000 accept
    ip protocol icmp accept
    counter drop
  }
  chain from-0 {
    ip protocol udp return
    counter drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    ct state invalid drop
    ip saddr 203.0.113.10 jump from-0
    ip daddr 203.0.113.10 jump to-0
  }
}
`);
});

test('Reserved addresses lead to hosts', () => {
  const text = renderAddresses(new Map([['192.0.2.5', '203.0.113.10']]));
  expect(text).toContain('ip daddr 192.0.2.5 dnat to 203.0.113.10\n');
  expect(renderAddresses(new Map())).not.toContain('dnat to');
});
