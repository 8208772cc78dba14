import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import * as schemas from '../../infra/schemas.ts';

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

const TABLE: readonly [
  name: string,
  schema: z.ZodType<unknown, string>,
  good: readonly string[],
  bad: readonly string[],
][] = [
  ['a network for SSH', schemas.sshNetwork, ADDRESSES.good, ADDRESSES.bad],
  [
    'a host name',
    schemas.hostName,
    ['oven.aesthetic.computer', 'a.io'],
    ['oven', 'Oven.aesthetic.computer', '-a.io', 'https://a.io', 'a..io', ''],
  ],
  [
    'the id of a zone',
    schemas.zoneId,
    ['a23b54e8877a833a1cf8db7765bce3ca'],
    ['a23b', 'A23B54E8877A833A1CF8DB7765BCE3CA', ''],
  ],
  [
    "a droplet's name",
    schemas.dropletName,
    ['oven-aesthetic-computer', 'a'],
    ['oven.aesthetic', '-oven', 'Oven', ''],
  ],
  ['a region with Spaces', schemas.spacesRegion, ['sfo3', 'nyc3'], ['sfo1', 'SFO3', '']],
  [
    "a bucket's name",
    schemas.bucketName,
    ['art-aesthetic-computer'],
    ['art.aesthetic.computer', 'A', '-a-', ''],
  ],
  ["a slug of DigitalOcean's", schemas.slug, ['s-2vcpu-2gb', 'ubuntu-24-04-x64'], ['S 1', '', '$(reboot)']],
  [
    'an e-mail address',
    schemas.email,
    ['me@aesthetic.computer'],
    ['me', 'me@', 'a@b', 'a b@c.d', 'a@b.c,d@e.f'],
  ],
  [
    'a list of secrets',
    schemas.secrets,
    ['correct horse battery', 'one-secret,two-secret'],
    ['short', 'long enough,', ','],
  ],
  [
    'the name of a variable',
    schemas.variableName,
    ['CONCURRENCY', 'ALLOWED_SOURCES'],
    ['concurrency', 'REDIS_URL', 'CALLBACK_SECRET', 'A=B', ''],
  ],
];

describe.each(TABLE)('The schema of %s', (_name, schema, good, bad) => {
  const wrong = (value: string) => schema.safeParse(value).error?.issues[0]?.message;
  it.each(good)('accepts %j', (value) => expect(wrong(value)).toBeUndefined());
  it.each(bad)('refuses %j', (value) => expect(wrong(value)).toMatch(/\w/));
});
