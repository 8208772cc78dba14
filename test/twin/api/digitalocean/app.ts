import { Hono } from 'hono';
import { showAction } from '../actions.ts';
import { digitaloceanError, Refusal } from '../refusal.ts';
import type { Env, World } from '../world.ts';
import { addresses } from './addresses.ts';
import { alerts } from './alerts.ts';
import { balancers } from './balancers.ts';
import { described } from './described.ts';
import { droplets } from './droplets.ts';
import { firewalls } from './firewalls.ts';
import { keys } from './keys.ts';
import { places } from './places.ts';
import { spacesKeys } from './spaces-keys.ts';
import { tags } from './tags.ts';
import { uptime } from './uptime.ts';
import { vpcs } from './vpcs.ts';

/** Calls an hour that the real API allows; here only its headers say so. */
const HOURLY_LIMIT = 5000;

/** DigitalOcean's API, as far as the program and the provider use it. All paths begin with /v2. */
export function digitalocean(world: World, token: string) {
  const app = new Hono<Env>();
  let calls = 0;
  app.use(async (c, next) => {
    calls += 1;
    if (c.req.header('authorization') !== `Bearer ${token}`) {
      throw new Refusal(401, 'Unable to authenticate you');
    }
    await next();
    c.header('ratelimit-limit', String(HOURLY_LIMIT));
    c.header('ratelimit-remaining', String(Math.max(0, HOURLY_LIMIT - calls)));
    c.header('ratelimit-reset', String(Math.ceil(Date.now() / 1000) + 3600));
  });
  app.use(described);
  app.route('/', places(world));
  app.route('/droplets', droplets(world));
  app.route('/reserved_ips', addresses(world));
  app.route('/firewalls', firewalls(world));
  app.route('/load_balancers', balancers(world));
  app.route('/tags', tags(world));
  app.route('/vpcs', vpcs(world));
  app.route('/account/keys', keys(world));
  app.route('/spaces/keys', spacesKeys(world));
  app.route('/monitoring/alerts', alerts(world));
  app.route('/uptime/checks', uptime(world));
  app.get('/actions/:id', (c) => {
    const action = world.state.actions.get(Number(c.req.param('id')));
    if (!action) throw new Refusal(404, 'The resource you were accessing could not be found.');
    c.set('did', `showed action ${action.type}: ${world.look(action).status}`);
    return c.json({ action: showAction(action) });
  });
  app.all('*', () => {
    throw new Refusal(404, 'The resource you requested could not be found.');
  });
  app.onError((error, c) => {
    const status = error instanceof Refusal ? error.status : 500;
    const message = error instanceof Refusal ? error.message : `the twin failed: ${error.message}`;
    c.set('did', message);
    return c.json(digitaloceanError(status, message), status as 422);
  });
  return app;
}
