import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { CHECK, DROPLET, FIREWALL, UPTIME_ALERT } from '../examples.ts';
import type { Env } from '../world.ts';
import { digitalocean } from './app.ts';
import { BODIES } from './bodies.ts';
import { openCloud } from './cloud.ts';
import { described, description, nullsAsLists } from './described.ts';
import { AMENDMENTS, amended } from './description/amendments.ts';
import { describe as describing, readDocument } from './description/description.ts';
import { mutations } from './mutations.ts';

/** Routes that the description, which is older, does not know. */
const UNDESCRIBED = /\/v2\/spaces\/keys/;

/** Why a body is refused that the description allows. */
const EXPLAINED: readonly (readonly [refusal: RegExp, why: string])[] = [
  [
    /does not exist|could not be found|invalid (region|size|image|key)|region (is invalid|or droplet)/i,
    'it leads to nothing, which no description can know',
  ],
  [/can not be unset/, 'a rule about what is there: the default VPC of a region stays its default'],
  [
    /this twin (has no|can only|tags|chooses)|public address/,
    'the real API could do that; the twin does not play it',
  ],
  [
    /(resources\.0\S*|^POST \/v2\/tags: .*name|^\S+ \/v2\/firewalls\S+(droplets|tags): the body.*): Invalid input/,
    'the description names fields there, but neither a type nor what is required',
  ],
  [
    /actions: (name|droplet_id) is .*: Invalid input/,
    'the description says so by a discriminator, which JSON Schema does not have',
  ],
  [
    /hostname characters|expected string to have <=255/,
    'the vendor’s newer description (August 2026) has a pattern and a length for names of droplets',
  ],
  [
    /PUT \/v2\/uptime\/\S+alert_id\}: (the body is empty|\w+ is missing)|alerts: period is missing/,
    'the vendor’s newer description requires these',
  ],
  [/letters, numbers, colons/, 'a tag that is named is made, and POST /v2/tags says how tags are called'],
  [/valid range for ports/, 'the description says so in words: a port, a range, or 0 for all'],
  [
    /neither an IP address nor a CIDR|Invalid IPv4 range/,
    'the description says so in words, and the API answers "invalid address" (terraform-provider-digitalocean #33)',
  ],
  [
    /at least one source or destination/,
    'what the API does with a rule for nobody is not known: the program must not depend on it',
  ],
  [/invalid type, we support/, 'the API reads the key'],
  [
    /health_check\S*: out of range|_port: Too small|check\.port: Too small/,
    'a port, or a limit that the vendor documents',
  ],
  [/not a rule of the form/, 'the description says so in words'],
  [
    /load_balancers\S*: name is missing/,
    'what it is called then is not described: the program must not depend on it',
  ],
  [/Invalid UUID/, 'the description says in words that it is a UUID'],
];

describe('bodies', () => {
  const used = new Set<RegExp>();

  test.each(BODIES)(
    '$operation: what is refused is what the description refuses',
    async ({ operation, prepare }) => {
      const [method = ''] = operation.split(' ');
      let cloud = openCloud();
      let { path, body } = await prepare(cloud);
      expect(description(method, path)?.name).toBe(operation);
      const differences: string[] = [];
      for (const { what, change } of mutations(body)) {
        const sent = change(body);
        const allowed = description(method, path)?.request(nullsAsLists(sent)).length === 0;
        const { status, body: answer } = await cloud.ask(method, path, sent);
        const said = `${operation}: ${what}: ${answer?.message ?? ''}`;
        const explained = EXPLAINED.find(([refusal]) => refusal.test(said))?.[0];
        if (allowed && status >= 400 && explained) used.add(explained);
        if (allowed ? status >= 500 || (status >= 400 && !explained) : status < 400 || status >= 500) {
          differences.push(`${said} (${status})`);
        }
        if (status < 400) {
          cloud = openCloud();
          ({ path, body } = await prepare(cloud));
        }
      }
      expect(differences).toEqual([]);
      expect((await cloud.ask(method, path, body)).status).toBeLessThan(300);
    },
  );

  test('Every explanation of a refusal is needed', () => {
    expect(EXPLAINED.filter(([refusal]) => !used.has(refusal))).toEqual([]);
  });

  test('Every operation with a body is checked against the description', () => {
    const withBodies = Object.entries(readDocument().paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { requestBody }]) =>
        requestBody ? [`${method.toUpperCase()} ${path}`] : [],
      ),
    );
    expect([...new Set(BODIES.map(({ operation }) => operation))].sort()).toEqual(withBodies.sort());
  });
});

test('The served operations are the described ones', () => {
  const { world } = openCloud();
  const neutral = (path: string) => path.replaceAll(/:\w+(\{[^}]*\})?|\{[^}]*\}/g, '*');
  const served = digitalocean(world, 'a-token')
    .routes.filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${neutral(`/v2${path}`)}`)
    .filter((route) => !UNDESCRIBED.test(route));
  const operations = Object.entries(readDocument().paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${neutral(path)}`),
  );
  expect([...new Set(served)].sort()).toEqual(operations.sort());
});

describe('amendments', () => {
  const SENT = [
    ['POST', '/v2/firewalls', FIREWALL],
    ['POST', '/v2/uptime/checks', CHECK],
    ['POST', '/v2/uptime/checks/1/alerts', UPTIME_ALERT],
    ['POST', '/v2/droplets', DROPLET],
  ] as const;
  const refused = (amendments: typeof AMENDMENTS) => {
    const find = describing(amended(readDocument(), amendments));
    return SENT.filter(
      ([method, path, body]) => find(method, path)?.request(nullsAsLists(body)).length !== 0,
    );
  };

  test('With all amendments, the provider’s requests are allowed', () => {
    expect(refused(AMENDMENTS)).toEqual([]);
  });
  test.each(AMENDMENTS)('The amendment is needed: $why', (amendment) => {
    expect(refused(AMENDMENTS.filter((one) => one !== amendment))).toHaveLength(1);
  });
  test('An amendment of a missing place is an error', () => {
    const nowhere = { at: ['components', 'schemas', 'nobody', 'required'], value: [], why: '' };
    expect(() => amended(readDocument(), [nowhere])).toThrow('nobody');
  });
  test('A list may be null, which the description does not allow', () => {
    const [, path, body] = SENT[3];
    expect(body.ssh_keys).toBeNull();
    expect(description('POST', path)?.request(body)).not.toEqual([]);
  });
});

describe('an answer that is not as described becomes an error', () => {
  test.each([
    ['GET', '/v2/tags', 200, { tags: [{ name: 7 }], meta: { total: 1 } }, /tags\.0\.name must be string/],
    ['GET', '/v2/tags', 200, { tags: [] }, /must have required property 'meta'/],
    ['GET', '/v2/tags', 418, { teapot: true }, /must have required property 'id'/],
    ['GET', '/v2/account', 200, undefined, /has no body/],
    ['DELETE', '/v2/tags/oven', 204, undefined, undefined],
    ['GET', '/v2/tags', 200, { tags: [{ name: 'oven' }], meta: { total: 1 } }, undefined],
  ])('The response of %s %s becomes an error: %i %j', async (method, path, status, answer, says) => {
    const app = new Hono<Env>();
    app.use(described);
    app.all('*', () => new Response(answer && JSON.stringify(answer), { status }));
    const response = await app.request(path, { method });
    expect(response.status).toBe(says ? 500 : status);
    if (says)
      expect((await response.json()) as object).toMatchObject({ message: expect.stringMatching(says) });
  });
});
