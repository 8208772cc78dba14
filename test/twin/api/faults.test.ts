import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Api, openApi } from './api.ts';
import { type Ask, clientsOf } from './client.ts';
import { DROPLET, PUBLIC_KEY, RECORD, ZONE } from './examples.ts';
import { memoryHardware } from './hardware.ts';

let api: Api;
let ask: Ask;

beforeEach(async () => {
  api = await openApi({ hardware: memoryHardware(), zone: ZONE });
  ask = clientsOf(api).digitalocean;
});
afterEach(() => api.close());

const tag = (name: string) => ask('POST', '/v2/tags', { name });

test.each([
  [401, 'unauthorized'],
  [422, 'unprocessable_entity'],
  [429, 'too_many_requests'],
  [500, 'server_error'],
  [503, 'service_unavailable'],
] as const)('An ordered %i has the API’s form, and nothing is done', async (status, id) => {
  api.fault({ path: /^\/v2\/tags$/, status });
  const answer = await tag('oven');
  expect([answer.status, answer.body]).toEqual([status, { id, message: expect.any(String) }]);
  expect(api.state.tags.size).toBe(0);
  expect((await tag('oven')).status).toBe(201);
});

test('A fault applies to its calls, after a number of them and a number of times', async () => {
  const fault = api.fault({ method: 'POST', path: /tags/, status: 429, retryAfter: 7, after: 1, times: 2 });
  const answers = [];
  for (let n = 0; n < 4; n++) answers.push(await tag(`tag-${n}`));
  expect(answers.map(({ status }) => status)).toEqual([201, 429, 429, 201]);
  expect(answers[1]?.headers.get('retry-after')).toBe('7');
  expect((await ask('GET', '/v2/tags')).status).toBe(200);
  expect(fault.met()).toBe(2);
});

test('Faults follow each other and can be removed', async () => {
  api.fault({ path: /tags/, status: 500 });
  const second = api.fault({ path: /tags/, status: 429, times: 5 });
  expect([(await tag('a')).status, (await tag('b')).status]).toEqual([500, 429]);
  second.cancel();
  expect((await tag('c')).status).toBe(201);
  api.fault({ path: /tags/, status: 500 });
  api.clearFaults();
  expect((await tag('d')).status).toBe(201);
  expect(() => api.fault({ path: /tags/g, status: 500 })).toThrow(TypeError);
});

test('A fault of Cloudflare has Cloudflare’s form', async () => {
  api.fault({ path: /dns_records/, status: 429, retryAfter: 1 });
  const { status, body } = await clientsOf(api).cloudflare('POST', `/zones/${ZONE.id}/dns_records`, RECORD);
  expect([status, body.success, body.errors[0].message]).toEqual([429, false, 'API rate limit exceeded.']);
});

test('A connection is cut before the action, or before the response', async () => {
  for (const cut of ['before', 'after'] as const) {
    api.fault({ path: /tags/, cut });
    await expect(tag(cut)).rejects.toThrow(/fetch failed/);
  }
  expect([...api.state.tags]).toEqual(['after']);
  expect(api.calls.map(({ status }) => status)).toEqual([0, 0]);
});

test('An action needs the given number of polls, and an endless one ends with its fault', async () => {
  api.fault({ method: 'POST', path: /droplets$/, polls: 3 });
  api.fault({ method: 'POST', path: /droplets$/, polls: Number.POSITIVE_INFINITY });
  const made = [await ask('POST', '/v2/droplets', DROPLET), await ask('POST', '/v2/droplets', DROPLET)];
  await api.settled();
  const looks = async ({ body }: (typeof made)[number], count: number) => {
    const seen: string[] = [];
    for (let n = 0; n < count; n++)
      seen.push((await ask('GET', `/v2/droplets/${body.droplet.id}`)).body.droplet.status);
    return seen;
  };
  expect(await looks(made[0]!, 4)).toEqual(['new', 'new', 'new', 'active']);
  expect(await looks(made[1]!, 9)).toEqual(Array(9).fill('new'));
  expect((await ask('DELETE', `/v2/droplets/${made[1]!.body.droplet.id}`)).status).toBe(422);
  api.clearFaults();
  expect(await looks(made[1]!, 1)).toEqual(['active']);
});

test('The log shows all calls, the picture shows all resources, and neither shows a secret', async () => {
  await ask('POST', '/v2/account/keys', { name: 'login', public_key: PUBLIC_KEY });
  const key = await ask('POST', '/v2/spaces/keys', {
    name: 'art',
    grants: [{ bucket: 'art', permission: 'read' }],
  });
  const { droplet } = (await ask('POST', '/v2/droplets', DROPLET)).body;
  await ask('POST', '/v2/droplets', { ...DROPLET, user_data: 7, tags: 'THE-HOST-KEY' });
  await ask('GET', '/v2/regions?token=THE-HOST-KEY');
  await ask('GET', '/v2/regions', undefined, 'wrong-token');
  const texts = api.log() + api.picture();
  const secrets = [key.body.key.secret_key, 'THE-HOST-KEY', 'wrong-token', api.tokens.digitalocean];
  expect(secrets.filter((secret) => texts.includes(secret))).toEqual([]);
  expect(api.log()).toContain(`POST   202 /v2/droplets  made droplet oven (${droplet.id}): s-2vcpu-2gb`);
  expect(api.log()).toContain('GET    401 /v2/regions  Unable to authenticate you');
  expect(api.picture()).toContain(`oven (${droplet.id}): new, s-2vcpu-2gb`);
});
