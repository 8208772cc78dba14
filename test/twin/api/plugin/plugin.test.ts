import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { has } from '../../../host/tool.ts';
import { type Api, openApi } from '../api.ts';
import { ACCOUNT } from '../cloudflare/healthchecks.ts';
import { csrFor } from '../csr.ts';
import { HEALTH_CHECK, POLICY, RECORD, ZONE } from '../examples.ts';
import { memoryHardware } from '../hardware.ts';
import { type Cloudflare, connectionOf, openClient } from './client.ts';
import { standIn } from './provider.ts';
import { writeCloudflarePlugin } from './write.ts';

let api: Api;
/** What the provider asked the API. */
let sent: { readonly method: string; readonly body: unknown }[];
let provider: Required<ReturnType<typeof standIn>>;

beforeEach(async () => {
  api = await openApi({ hardware: memoryHardware(), zone: ZONE });
  const client = openClient({ baseUrl: api.cloudflare, apiToken: api.tokens.cloudflare });
  sent = [];
  const asked: Cloudflare = (method, path, body) => {
    sent.push({ method, body });
    return client(method, path, body);
  };
  provider = standIn(() => asked) as typeof provider;
});
afterEach(() => api.close());

const urn = (type: string) => `urn:pulumi:prod::oven::oven:edge:Edge$cloudflare:index/${type}::x`;
const DNS = urn('dnsRecord:DnsRecord');
const INPUTS = { ...RECORD, zoneId: ZONE.id };

test('The plugin makes, reads, compares, changes and deletes a record', async () => {
  const { id, outs } = await provider.create(DNS, INPUTS);
  expect(outs).toMatchObject(INPUTS);
  expect(await provider.read(id, DNS, outs)).toEqual({ id, props: outs });
  expect(await provider.read(`${ZONE.id}/${id}`, DNS)).toMatchObject({ id, inputs: INPUTS });
  expect(await provider.diff(id, DNS, outs, INPUTS)).toEqual({ changes: false, replaces: [] });
  const news = { ...INPUTS, content: '192.0.2.201' };
  expect(await provider.diff(id, DNS, outs, news)).toEqual({ changes: true, replaces: [] });
  expect((await provider.update(id, DNS, outs, news)).outs).toMatchObject({ content: '192.0.2.201' });
  // The real provider sends them with every change.
  expect(sent.at(-1)).toMatchObject({ method: 'PUT', body: { settings: {}, tags: [] } });
  expect(await provider.diff(id, DNS, outs, { ...INPUTS, zoneId: 'other' })).toMatchObject({
    replaces: ['zoneId'],
  });
  await provider.delete(id, DNS, outs);
  expect(await provider.read(id, DNS, outs)).toEqual({ id: '', props: {} });
  // What is gone already is gone.
  await provider.delete(id, DNS, outs);
});

test.skipIf(!has('openssl'))(
  'a certificate is signed anew for any change (skipped without openssl)',
  async () => {
    const type = urn('originCaCertificate:OriginCaCertificate');
    const csr = csrFor('oven');
    const inputs = {
      csr,
      hostnames: ['oven.aesthetic.computer'],
      requestType: 'origin-ecc',
      requestedValidity: 5475,
    };
    // The engine may say of any input that it is secret.
    const secret = { '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270', value: csr };
    const { id, outs } = await provider.create(type, { ...inputs, csr: secret });
    expect(outs).toMatchObject({ ...inputs, certificate: expect.stringContaining('BEGIN CERTIFICATE') });
    expect(await provider.diff(id, type, outs, inputs)).toEqual({ changes: false, replaces: [] });
    const change = await provider.diff(id, type, outs, { ...inputs, requestedValidity: 365 });
    expect(change).toEqual({ changes: true, replaces: ['requestedValidity'] });
  },
);

test('The plugin has the functions that the program calls', async () => {
  const ranges = await provider.invoke('cloudflare:index/getIpRanges:getIpRanges', {});
  expect(ranges.outputs).toMatchObject({ ipv4Cidrs: expect.arrayContaining(['173.245.48.0/20']) });
  const asked = { zoneId: ZONE.id, settingId: 'ssl' };
  const setting = await provider.invoke('cloudflare:index/getZoneSetting:getZoneSetting', asked);
  expect(setting.outputs).toMatchObject({ ...asked, value: 'strict' });
  const zone = await provider.invoke('cloudflare:index/getZone:getZone', { zoneId: ZONE.id });
  expect(zone.outputs).toMatchObject({ name: ZONE.name, account: { id: ACCOUNT } });
});

test('The plugin makes, reads, changes and deletes a health check and the policy that tells of it', async () => {
  const checks = urn('healthcheck:Healthcheck');
  const policies = urn('notificationPolicy:NotificationPolicy');
  const inputs = { ...HEALTH_CHECK, zoneId: ZONE.id };
  const check = await provider.create(checks, inputs);
  expect(sent.at(-1)?.body).toMatchObject({ http_config: { expected_codes: ['200'] }, consecutive_fails: 2 });
  expect(await provider.read(check.id, checks, check.outs)).toEqual({ id: check.id, props: check.outs });
  expect(await provider.diff(check.id, checks, check.outs, inputs)).toEqual({ changes: false, replaces: [] });

  const filters = { healthCheckIds: [check.id], statuses: ['Unhealthy', 'Healthy'] };
  const policy = { ...POLICY, filters, accountId: ACCOUNT };
  const made = await provider.create(policies, policy);
  expect(sent.at(-1)?.body).toMatchObject({
    mechanisms: { email: [{ id: 'me@aesthetic.computer' }] },
    filters: { health_check_id: [check.id], status: ['Unhealthy', 'Healthy'] },
  });
  expect(await provider.diff(made.id, policies, made.outs, policy)).toEqual({ changes: false, replaces: [] });
  const news = { ...policy, name: 'other' };
  expect((await provider.update(made.id, policies, made.outs, news)).outs).toMatchObject(news);
  expect(await provider.read(made.id, policies, made.outs)).toMatchObject({ props: news });
  await expect(
    provider.create(policies, { ...policy, filters: { ...filters, healthCheckIds: ['x'] } }),
  ).rejects.toThrow('no health check x');
  for (const [type, one] of [
    [policies, made],
    [checks, check],
  ] as const) {
    await provider.delete(one.id, type, one.outs);
    expect(await provider.read(one.id, type, one.outs)).toEqual({ id: '', props: {} });
  }
});

test('The plugin refuses unknown types and passes on the API’s message', async () => {
  await expect(provider.invoke('cloudflare:index/getUser:getUser', {})).rejects.toThrow('has no');
  await expect(provider.create(urn('zone:Zone'), {})).rejects.toThrow('has no');
  const { failures } = await provider.check(DNS, {}, { ...INPUTS, data: {} });
  expect(failures).toMatchObject([{ property: 'data' }]);
  await expect(provider.create(DNS, { ...INPUTS, content: 'x' })).rejects.toThrow(
    /400 .*IPv4 address\. \(9005\)/,
  );
});

test('The plugin repeats a request after 429 and 5xx as often as the real client', async () => {
  api.fault({ path: /dns_records$/, status: 429, retryAfter: 0, times: 2 });
  await provider.create(DNS, INPUTS);
  api.fault({ path: /dns_records$/, status: 503, retryAfter: 0, times: 3 });
  const other = { ...INPUTS, name: 'other.aesthetic.computer' };
  await expect(provider.create(DNS, other)).rejects.toThrow(/503/);
});

test('The plugin sends requests only to the configured address', () => {
  expect(() => connectionOf({})).toThrow('baseUrl');
  expect(() => connectionOf({ PULUMI_CONFIG: '{"baseUrl":"http://x/"}' })).toThrow('apiToken');
  const PULUMI_CONFIG = '{"baseUrl":"http://x/","apiToken":"t"}';
  expect(connectionOf({ PULUMI_CONFIG })).toEqual({ baseUrl: 'http://x', apiToken: 't' });
});

test('The engine finds an executable that prints its port', async () => {
  const folder = await mkdtemp(join(tmpdir(), "oven-it's a plugin-"));
  await writeCloudflarePlugin(folder);
  const plugin = execa(join(folder, 'pulumi-resource-cloudflare'), ['127.0.0.1:1'], {
    stdin: 'ignore',
    reject: false,
  });
  const [first] = await once(plugin.stdout, 'data');
  expect(String(first)).toMatch(/^\d+\n$/);
  plugin.kill();
  await plugin;
  await rm(folder, { recursive: true });
});
