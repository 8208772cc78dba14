import { Hono } from 'hono';
import { z } from 'zod';
import { page } from '../pages.ts';
import { Refusal } from '../refusal.ts';
import type { UptimeAlert, UptimeCheck } from '../state.ts';
import { body, list } from '../strict.ts';
import type { Env, World } from '../world.ts';
import { NOTIFICATIONS } from './alerts.ts';

const CHECK = z.strictObject({
  name: z.string(),
  type: z.string(),
  target: z.string(),
  regions: list(z.string()),
  enabled: z.boolean(),
});

/** What is left out stays as it is. */
const UPDATE = CHECK.partial().extend({ regions: z.array(z.string()).nullish() });

const ALERT = z.strictObject({
  name: z.string(),
  type: z.string(),
  threshold: z.number().default(0),
  comparison: z.string().default(''),
  period: z.string(),
  notifications: NOTIFICATIONS,
});

/** Uptime checks and their alerts. */
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
  const refuseOtherAddress = ({ type, target }: Pick<UptimeCheck, 'type' | 'target'>) => {
    if (type !== 'ping' && !target.startsWith(`${type}://`))
      throw new Refusal(422, 'target: is not an address of that type');
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
    const asked = await body(c, CHECK);
    refuseOtherAddress(asked);
    const check: UptimeCheck = { id: state.nextUuid(), ...asked, alerts: new Map() };
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
    const check = find(c.req.param('id'));
    const { name = check.name, type = check.type, target = check.target, ...asked } = await body(c, UPDATE);
    const { regions = check.regions, enabled = check.enabled } = asked;
    refuseOtherAddress({ type, target });
    Object.assign(check, { name, type, target, regions: regions ?? [], enabled });
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
