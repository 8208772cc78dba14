import { describe, expect, it } from 'vitest';
import * as check from '../../infra/checks.ts';

const ADDRESSES = {
  good: ['203.0.113.7/32', '10.0.0.0/8', '2001:db8::/32', '2001:db8::1/128'],
  bad: [
    '0.0.0.0/0',
    '::/0',
    '0.0.0.0/1',
    '128.0.0.0/1',
    '::ffff:0.0.0.0/0',
    '::ffff:0.0.0.0/96',
    '2000::/3',
    '203.0.113.7',
    '',
    'home/24',
    '1.2.3.4/33',
    '203.0.113.7/32/8',
  ],
};

const TABLE: readonly [run: check.Check, good: readonly string[], bad: readonly string[]][] = [
  [check.sshNetwork, ADDRESSES.good, ADDRESSES.bad],
  [
    check.hostName,
    ['oven.aesthetic.computer', 'a.io'],
    ['oven', 'Oven.aesthetic.computer', '-a.io', 'https://a.io', 'a..io', ''],
  ],
  [check.zoneId, ['a23b54e8877a833a1cf8db7765bce3ca'], ['a23b', 'A23B54E8877A833A1CF8DB7765BCE3CA', '']],
  [check.dropletName, ['oven-aesthetic-computer', 'a'], ['oven.aesthetic', '-oven', 'Oven', '']],
  [check.spacesRegion, ['sfo3', 'nyc3'], ['sfo1', 'SFO3', '']],
  [check.bucketName, ['art-aesthetic-computer'], ['art.aesthetic.computer', 'A', '-a-', '']],
  [check.slug, ['s-2vcpu-2gb', 'ubuntu-24-04-x64'], ['S 1', '', '$(reboot)']],
  [check.email, ['me@aesthetic.computer'], ['me', 'me@', 'a@b', 'a b@c.d', 'a@b.c,d@e.f']],
  [check.secrets, ['correct horse battery', 'one-secret,two-secret'], ['short', 'long enough,', ',']],
  [
    check.variable,
    ['CONCURRENCY', 'ALLOWED_SOURCES'],
    ['concurrency', 'REDIS_URL', 'CALLBACK_SECRET', 'A=B', ''],
  ],
];

describe.each(TABLE)('%o', (run, good, bad) => {
  it.each(good)('takes %j', (value) => expect(run(value)).toBeUndefined());
  it.each(bad)('refuses %j', (value) => expect(run(value)).toMatch(/\w/));
});
