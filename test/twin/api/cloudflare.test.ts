import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { has } from '../../host/tool.ts';
import { type Api, openApi } from './api.ts';
import { type Ask, clientsOf } from './client.ts';
import { csrFor } from './csr.ts';
import { RECORD, ZONE } from './examples.ts';
import { type MemoryHardware, memoryHardware } from './hardware.ts';

let hardware: MemoryHardware;
let api: Api;
let ask: Ask;
const RECORDS = `/zones/${ZONE.id}/dns_records`;

beforeEach(async () => {
  hardware = memoryHardware();
  api = await openApi({ hardware, zone: { ...ZONE, ssl: 'full' } });
  ask = clientsOf(api).cloudflare;
});
afterEach(() => api.close());

/** Asks, expects it to go well, gives the result. */
async function ok(...call: Parameters<Ask>) {
  const { status, body } = await ask(...call);
  expect([status, body.success, body.errors, body.messages]).toEqual([200, true, [], []]);
  return body.result;
}

test('A record can be made, read, changed and deleted', async () => {
  const made = await ok('POST', RECORDS, RECORD);
  expect(made).toMatchObject({ ...RECORD, proxiable: true, id: expect.stringMatching(/^[0-9a-f]{32}$/) });
  expect(hardware.records.get(RECORD.name)).toEqual({ address: RECORD.content, proxied: true });
  const at = `${RECORDS}/${made.id}`;
  expect(await ok('GET', at)).toEqual(made);
  expect(await ok('PUT', at, { ...RECORD, proxied: false, ttl: 300 })).toMatchObject({
    ttl: 300,
    proxied: false,
  });
  expect(await ok('PATCH', at, { content: '192.0.2.201' })).toMatchObject({
    content: '192.0.2.201',
    ttl: 300,
  });
  expect(hardware.records.get(RECORD.name)).toEqual({ address: '192.0.2.201', proxied: false });
  expect(await ok('GET', `${RECORDS}?type=A&name=${RECORD.name}`)).toHaveLength(1);
  expect(await ok('GET', `${RECORDS}?type=CNAME`)).toEqual([]);
  expect(await ok('DELETE', at)).toEqual({ id: made.id });
  expect(hardware.records.size).toBe(0);
  expect((await ask('GET', at)).body.errors).toEqual([{ code: 81044, message: 'Record does not exist.' }]);
});

test('A change may have empty settings and tags, as the real provider sends them', async () => {
  const { id } = await ok('POST', RECORDS, RECORD);
  const change = { ...RECORD, content: '192.0.2.201', settings: {}, tags: [] };
  for (const method of ['PUT', 'PATCH']) {
    expect(await ok(method, `${RECORDS}/${id}`, change)).toMatchObject({
      content: change.content,
      settings: {},
      tags: [],
    });
  }
  const { status, body } = await ask('PUT', `${RECORDS}/${id}`, { ...change, settings: { colour: 'red' } });
  expect([status, body.errors[0].message]).toEqual([400, expect.stringContaining('colour')]);
});

test('A record’s name is in the zone, and the TTL of a proxied one is automatic', async () => {
  expect(await ok('POST', RECORDS, { ...RECORD, name: 'Oven', ttl: 300 })).toMatchObject({
    name: RECORD.name,
    ttl: 1,
  });
});

test('The program’s other requests are answered', async () => {
  expect(await ok('GET', `/zones/${ZONE.id}`)).toMatchObject({ name: ZONE.name, status: 'active' });
  expect(await ok('GET', `/zones?name=${ZONE.name}`)).toHaveLength(1);
  expect(await ok('GET', `/zones/${ZONE.id}/settings/ssl`)).toMatchObject({ id: 'ssl', value: 'full' });
  await ok('PATCH', `/zones/${ZONE.id}/settings/ssl`, { value: 'flexible' });
  expect(await ok('GET', `/zones/${ZONE.id}/settings/ssl`)).toMatchObject({ value: 'flexible' });
  expect(await ok('GET', '/ips')).toMatchObject({ ipv4_cidrs: expect.arrayContaining(['173.245.48.0/20']) });
});

describe.skipIf(!has('openssl'))('certificates (skipped without openssl)', () => {
  const request = () => ({
    csr: csrFor('oven.aesthetic.computer'),
    hostnames: ['oven.aesthetic.computer'],
    request_type: 'origin-ecc',
    requested_validity: 5475,
  });

  test('A certificate is signed by the authority for the requested names', async () => {
    const asked = request();
    const made = await ok('POST', '/certificates', asked);
    expect(made).toMatchObject({ ...asked, expires_on: expect.stringMatching(/^\d{4}-.* \+0000 UTC$/) });
    const leaf = new X509Certificate(made.certificate);
    const authority = new X509Certificate(await api.authority.certificate());
    expect([leaf.checkIssued(authority), leaf.verify(authority.publicKey)]).toEqual([true, true]);
    expect(leaf.checkHost('oven.aesthetic.computer')).toBe('oven.aesthetic.computer');
    expect(leaf.checkHost('other.aesthetic.computer')).toBeUndefined();
    const days = (leaf.validToDate.getTime() - leaf.validFromDate.getTime()) / 86_400_000;
    expect(days).toBeCloseTo(5475, 3);
    expect(await ok('GET', `/certificates/${made.id}`)).toEqual(made);
    expect(await ok('GET', '/certificates')).toHaveLength(1);
    expect(await ok('DELETE', `/certificates/${made.id}`)).toMatchObject({ id: made.id });
    expect((await ask('GET', `/certificates/${made.id}`)).status).toBe(404);
  });

  test('A certificate request that its own key did not sign is refused', async () => {
    const asked = request();
    const bytes = Buffer.from(asked.csr.replace(/-----.*-----|\s/g, ''), 'base64');
    bytes[bytes.length - 1]! ^= 1;
    const csr = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    const { status, body } = await ask('POST', '/certificates', { ...asked, csr });
    expect([status, body.errors[0].message]).toEqual([400, 'Failed to parse the CSR']);
    const noRequest = await ask('POST', '/certificates', { ...asked, csr: 'no request' });
    expect(noRequest.status).toBe(400);
    const other = await ask('POST', '/certificates', { ...asked, request_type: 'origin-rsa' });
    expect(other.body.errors[0].message).toContain('another type');
  });

  test.each([
    ['names of others', { hostnames: ['oven.example.com'] }, /no zone/],
    ['another time', { requested_validity: 100 }, /5475/],
    ['an unknown field', { colour: 'red' }, /colour/],
  ])('A certificate request with %s is refused', async (_what, more, says) => {
    const { status, body } = await ask('POST', '/certificates', { ...request(), ...more });
    expect([status, body.errors[0].message]).toEqual([400, expect.stringMatching(says)]);
  });
});

describe('what is wrong is refused', () => {
  const cases: [what: string, status: number, code: number, path: string, body: object][] = [
    ['an unknown field', 400, 1004, RECORDS, { ...RECORD, colour: 'red' }],
    ['a wrong type', 400, 1004, RECORDS, { ...RECORD, proxied: 'yes' }],
    ['no address', 400, 9005, RECORDS, { ...RECORD, content: 'oven' }],
    ['no IPv6 address', 400, 9006, RECORDS, { ...RECORD, type: 'AAAA' }],
    ['a time to live too short', 400, 9021, RECORDS, { ...RECORD, proxied: false, ttl: 30 }],
    ['another zone', 403, 10000, `/zones/${'0'.repeat(32)}/dns_records`, RECORD],
    ['no zone', 404, 7003, '/zones/x/dns_records', RECORD],
    ['no such path', 404, 7000, '/accounts', {}],
  ];
  test.each(cases)('Cloudflare refuses %s with %i and code %i', async (_what, status, code, path, sent) => {
    const answer = await ask('POST', path, sent);
    expect([answer.status, answer.body]).toEqual([
      status,
      { success: false, errors: [{ code, message: expect.any(String) }], messages: [], result: null },
    ]);
    expect(hardware.records.size).toBe(0);
  });

  test('Cloudflare refuses a second record of the same name and content', async () => {
    await ok('POST', RECORDS, RECORD);
    expect((await ask('POST', RECORDS, RECORD)).body.errors[0].code).toBe(81058);
    const alias = { ...RECORD, type: 'CNAME', content: 'other.example.com' };
    expect((await ask('POST', RECORDS, alias)).body.errors[0].code).toBe(81053);
  });

  test.each([
    ['none', null],
    ['a wrong one', 'x'],
  ])('Cloudflare refuses a call without a valid token: %s', async (_what, token) => {
    const { status, body } = await ask('GET', '/ips', undefined, token);
    expect([status, body.errors]).toEqual([401, [{ code: 10000, message: 'Authentication error' }]]);
  });
});
