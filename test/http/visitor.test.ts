import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { nameOf, visitorOf } from '../../service/http/visitor.ts';

test.each([
  ['203.0.113.9', '203.0.113.9'],
  [' 203.0.113.9 ', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['2001:db8:1:2:3:4:5:6', '20010db800010002/64'],
  ['2001:db8:1:2:ffff::1', '20010db800010002/64'],
  ['2001:db8:1:3::1', '20010db800010003/64'],
  ['127.0.0.1', 'loopback'],
  ['::1', 'loopback'],
  ['', 'unknown'],
  ['no address', 'unknown'],
  ['203.0.113.9, 198.51.100.1', 'unknown'],
])('The visitor at %j is named %s', (address, name) => {
  expect(nameOf(address)).toBe(name);
});

test.each([
  ['127.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['::1', '203.0.113.9', '203.0.113.9'],
  [undefined, '203.0.113.9', '203.0.113.9'],
  ['127.0.0.1', undefined, 'loopback'],
  ['198.51.100.1', '203.0.113.9', '198.51.100.1'],
])('From %s the header X-Real-IP with %s means the visitor %s', async (remoteAddress, header, name) => {
  const app = new Hono().get('/', (c) => c.text(visitorOf(c)));
  const headers = header === undefined ? {} : { 'x-real-ip': header };
  const answer = await app.request('/', { headers }, { incoming: { socket: { remoteAddress } } });
  expect(await answer.text()).toBe(name);
});
