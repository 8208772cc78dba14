import { Hono } from 'hono';
import { z } from 'zod';
import { page } from '../pages.ts';
import { Refusal } from '../refusal.ts';
import type { UptimeAlert, UptimeCheck } from '../state.ts';
import { body } from '../strict.ts';
import type { Env, World } from '../world.ts';
import { NOTIFICATIONS } from './alerts.ts';

const CHECK = z
  .strictObject({
    name: z.string().min(1),
    type: z.enum(['ping', 'http', 'https']),
    target: z.string().min(1),
    regions: z.array(z.enum(['us_east', 'us_west', 'eu_west', 'se_asia'])).min(1),
    enabled: z.boolean().default(true),
  })
  .refine(
    ({ type, target }) =>
      type === 'ping' || (URL.canParse(target) && new URL(target).protocol === `${type}:`),
    {
      path: ['target'],
      message: 'is not an address of that type',
    },
  );

const ALERT = z
  .strictObject({
    name: z.string().min(1),
    type: z.enum(['latency', 'down', 'down_global', 'ssl_expiry']),
    threshold: z.number().int().default(0),
    comparison: z.enum(['greater_than', 'less_than', '']).default(''),
    period: z.enum(['2m', '3m', '5m', '10m', '15m', '30m', '1h']),
    notifications: NOTIFICATIONS,
  })
  .refine(
    ({ type, threshold, comparison }) => type.startsWith('down') || (threshold > 0 && comparison !== ''),
    {
      path: ['threshold'],
      message: 'latency and ssl_expiry need a threshold and a comparison',
    },
  );

/** Checks from outside, and whom they tell. */
export function uptime(world: World) {
  const { state } = world;
  const app = new Hono<Env>();
  const find = (id: string | undefined) => {
    const check = state.checks.get(id ?? '');
    if (!check) throw new Refusal(404, 'The resource you were accessing could not be found.');
    return check;
  };
  const findAlert = (check: UptimeCheck, id: string | undefined) => {
    const alert = check.alerts.get(id ?? '');
    if (!alert) throw new Refusal(404, 'The resource you were accessing could not be found.');
    return alert;
  };
  const declaredAlert = async (c: Parameters<typeof body>[0]) => {
    const asked = await body(c, ALERT);
    world.checkEmails(asked.notifications.email);
    return asked;
  };

  app.get('/', (c) => {
    c.set('did', `listed ${state.checks.size} uptime checks`);
    return c.json(page(c, 'checks', [...state.checks.values()].map(show)));
  });
  app.post('/', async (c) => {
    const check: UptimeCheck = { id: state.nextUuid(), ...(await body(c, CHECK)), alerts: new Map() };
    state.checks.set(check.id, check);
    c.set('did', `made uptime check of ${check.target}`);
    return c.json({ check: show(check) }, 201);
  });
  app.get('/:id', (c) => {
    const check = find(c.req.param('id'));
    c.set('did', `showed uptime check of ${check.target}`);
    return c.json({ check: show(check) });
  });
  app.put('/:id', async (c) => {
    const check = Object.assign(find(c.req.param('id')), await body(c, CHECK));
    c.set('did', `changed uptime check of ${check.target}`);
    return c.json({ check: show(check) });
  });
  app.delete('/:id', (c) => {
    const check = find(c.req.param('id'));
    state.checks.delete(check.id);
    c.set('did', `removed uptime check of ${check.target}`);
    return c.body(null, 204);
  });

  app.get('/:id/alerts', (c) => {
    const { alerts, target } = find(c.req.param('id'));
    c.set('did', `listed ${alerts.size} alerts of the check of ${target}`);
    return c.json(page(c, 'alerts', [...alerts.values()]));
  });
  app.post('/:id/alerts', async (c) => {
    const check = find(c.req.param('id'));
    const alert: UptimeAlert = { id: state.nextUuid(), ...(await declaredAlert(c)) };
    check.alerts.set(alert.id, alert);
    c.set('did', `made alert "${alert.name}"`);
    return c.json({ alert }, 201);
  });
  app.get('/:id/alerts/:alert', (c) => {
    const alert = findAlert(find(c.req.param('id')), c.req.param('alert'));
    c.set('did', `showed alert "${alert.name}"`);
    return c.json({ alert });
  });
  app.put('/:id/alerts/:alert', async (c) => {
    const alert = findAlert(find(c.req.param('id')), c.req.param('alert'));
    Object.assign(alert, await declaredAlert(c));
    c.set('did', `changed alert "${alert.name}"`);
    return c.json({ alert });
  });
  app.delete('/:id/alerts/:alert', (c) => {
    const check = find(c.req.param('id'));
    const alert = findAlert(check, c.req.param('alert'));
    check.alerts.delete(alert.id);
    c.set('did', `removed alert "${alert.name}"`);
    return c.body(null, 204);
  });
  return app;
}

function show({ alerts: _alerts, ...check }: UptimeCheck) {
  return check;
}
