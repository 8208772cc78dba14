import { expect, test } from 'vitest';
import { renderEdge } from './edge.ts';
import { renderHosts } from './names.ts';
import { renderPolicies } from './policy.ts';
import { targetOf } from './spaces-front.ts';

test('Records become lines of /etc/hosts', () => {
  const records = new Map([
    ['a.test', '192.0.2.1'],
    ['b.test', '192.0.2.2'],
  ]);
  expect(renderHosts(records)).toBe('192.0.2.1 a.test\n192.0.2.2 b.test\n');
});

test('The edge trusts only an origin with the authority’s certificate for that name', () => {
  const site = { name: 'oven.test', origin: '203.0.113.200', certificate: '/c.pem', originCa: '/ca.pem' };
  const text = renderEdge([site]);
  expect(text).toContain('https://oven.test {\n\ttls /c.pem /c.pem\n\treverse_proxy https://203.0.113.200 {');
  expect(text).toContain('tls_server_name oven.test\n\t\t\ttls_trusted_ca_certs /ca.pem');
  expect(text).not.toContain('insecure');
  expect(renderEdge([])).not.toContain('reverse_proxy');
});

test.each([
  ['art.sfo3.spaces.test', '/', 'art', ''],
  ['art.sfo3.spaces.test:80', '/a/key', 'art', 'a/key'],
  ['sfo3.spaces.test', '/art', 'art', ''],
  ['sfo3.spaces.test', '/art/a/key', 'art', 'a/key'],
  ['sfo3.spaces.test', '/', '', ''],
])('The request %s%s is for the bucket %j and the key %j', (host, path, bucket, key) => {
  expect(targetOf(host, path, 'sfo3.spaces.test')).toEqual({ bucket, key });
});

test('A key has its granted permissions, for that bucket only', () => {
  const policies = renderPolicies(
    [
      { key: 'reader', grants: [{ bucket: 'art', permission: 'read' }] },
      {
        key: 'writer',
        grants: [
          { bucket: 'art', permission: 'readwrite' },
          { bucket: 'blobs', permission: 'readwrite' },
        ],
      },
    ],
    'owner',
  );
  expect([...policies.keys()]).toEqual(['art', 'blobs']);
  const { Statement } = JSON.parse(policies.get('art')!) as {
    Statement: { Principal: object; Action: string[] }[];
  };
  expect(Statement.map(({ Principal }) => Principal)).toEqual(
    ['owner', 'reader', 'writer'].map((key) => ({ AWS: [key] })),
  );
  expect(Statement.map(({ Action }) => Action.includes('s3:PutObject'))).toEqual([false, false, true]);
  expect(policies.get('art')).not.toContain('arn:aws:s3:::blobs');
});
