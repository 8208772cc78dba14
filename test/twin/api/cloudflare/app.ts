import { Hono } from 'hono';
import { z } from 'zod';
import { cloudflareError, Refusal } from '../refusal.ts';
import { body } from '../strict.ts';
import type { Env, World } from '../world.ts';
import { originCertificates } from './certificates.ts';
import { paged, result } from './envelope.ts';
import { ACCOUNT, healthchecks, policies } from './healthchecks.ts';
import { records } from './records.ts';

/** Cloudflare's own networks, from which its proxies ask. */
export interface Networks {
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
}

const SSL = z.strictObject({ value: z.enum(['off', 'flexible', 'full', 'strict', 'origin_pull']) });

/** Cloudflare's API, as far as the program and its provider use it. All paths begin with /client/v4. */
export function cloudflare(world: World, { token, networks }: { token: string; networks: Networks }) {
  const { zone } = world.state;
  const app = new Hono<Env>();
  app.use(async (c, next) => {
    if (c.req.header('authorization') !== `Bearer ${token}`)
      throw new Refusal(401, 'Authentication error', 10000);
    await next();
  });
  const mine = (id: string | undefined) => {
    if (!/^[0-9a-f]{32}$/.test(id ?? '')) {
      throw new Refusal(
        404,
        `Could not route to /zones/${id}, perhaps your object identifier is invalid?`,
        7003,
      );
    }
    if (id !== zone.id) throw new Refusal(403, 'Authentication error', 10000);
  };
  const shown = () => ({
    id: zone.id,
    name: zone.name,
    status: 'active',
    paused: false,
    type: 'full',
    development_mode: 0,
    account: { id: ACCOUNT, name: 'An account' },
    name_servers: ['ada.ns.cloudflare.com', 'bob.ns.cloudflare.com'],
  });
  const ssl = () => {
    const modified = zone.sslModifiedOn?.toISOString() ?? null;
    return { id: 'ssl', value: zone.ssl, editable: true, modified_on: modified };
  };

  app.get('/ips', (c) => {
    c.set('did', 'showed the networks of the proxies');
    return c.json(result({ ipv4_cidrs: networks.ipv4, ipv6_cidrs: networks.ipv6, etag: 'twin' }));
  });
  app.get('/zones', (c) => {
    const found = [undefined, zone.name].includes(c.req.query('name')) ? [shown()] : [];
    c.set('did', `listed ${found.length} zones`);
    return c.json(paged(c, found, ['name', 'status']));
  });
  app.use('/zones/:zone/*', async (c, next) => {
    mine(c.req.param('zone'));
    await next();
  });
  app.get('/zones/:zone', (c) => {
    mine(c.req.param('zone'));
    c.set('did', `showed zone ${zone.name}`);
    return c.json(result(shown()));
  });
  app.get('/zones/:zone/settings/ssl', (c) => {
    c.set('did', `showed the zone's SSL mode: ${zone.ssl}`);
    return c.json(result(ssl()));
  });
  app.patch('/zones/:zone/settings/ssl', async (c) => {
    zone.ssl = (await body(c, SSL, 400)).value;
    zone.sslModifiedOn = world.now();
    c.set('did', `set the zone's SSL mode to ${zone.ssl}`);
    return c.json(result(ssl()));
  });
  app.route('/zones/:zone/dns_records', records(world));
  app.route('/zones/:zone/healthchecks', healthchecks(world));
  app.route(`/accounts/${ACCOUNT}/alerting/v3/policies`, policies(world));
  app.route('/certificates', originCertificates(world));
  app.all('*', () => {
    throw new Refusal(404, 'No route for that URI', 7000);
  });
  app.onError((error, c) => {
    const status = error instanceof Refusal ? error.status : 500;
    const message = error instanceof Refusal ? error.message : `the twin failed: ${error.message}`;
    c.set('did', message);
    return c.json(
      cloudflareError(status, message, error instanceof Refusal ? error.code : undefined),
      status as 400,
    );
  });
  return app;
}
