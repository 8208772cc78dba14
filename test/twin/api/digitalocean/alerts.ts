import { Hono } from 'hono';
import { z } from 'zod';
import { page } from '../pages.ts';
import { Refusal } from '../refusal.ts';
import type { Alert } from '../state.ts';
import { body, list } from '../strict.ts';
import type { Env, World } from '../world.ts';

/** The recipients. */
export const NOTIFICATIONS = z.strictObject({
  email: list(z.string()),
  slack: list(z.strictObject({ channel: z.string(), url: z.string() })),
});

const POLICY = z.strictObject({
  type: z.string(),
  description: z.string(),
  compare: z.string(),
  value: z.number(),
  window: z.string(),
  entities: list(z.string()),
  tags: list(z.string()),
  enabled: z.boolean(),
  alerts: NOTIFICATIONS,
});

/** Alert policies of droplets' figures. */
export function alerts(world: World) {
  const { state } = world;
  const app = new Hono<Env>();
  const find = (id: string) => {
    const alert = state.alerts.get(id);
    if (!alert) throw new Refusal(404, 'The resource you were accessing could not be found.');
    return alert;
  };
  const declared = async (c: Parameters<typeof body>[0]) => {
    const asked = await body(c, POLICY);
    const tag = asked.tags.find((name) => !state.tags.has(name));
    if (tag !== undefined) throw new Refusal(422, `tag ${tag} does not exist`);
    const id = asked.entities.find((one) => !state.droplets.has(Number(one)));
    if (id !== undefined) throw new Refusal(422, `droplet ${id} does not exist`);
    if (asked.alerts.email.length + asked.alerts.slack.length === 0) {
      throw new Refusal(422, 'alerts: nobody would be told');
    }
    world.checkEmails(asked.alerts.email);
    return asked;
  };

  app.get('/', (c) => {
    c.set('did', `listed ${state.alerts.size} alert policies`);
    return c.json(page(c, 'policies', [...state.alerts.values()]));
  });
  app.post('/', async (c) => {
    const alert: Alert = { uuid: state.nextUuid(), ...(await declared(c)) };
    state.alerts.set(alert.uuid, alert);
    c.set('did', `made alert "${alert.description}"`);
    return c.json({ policy: alert });
  });
  app.get('/:id', (c) => {
    const alert = find(c.req.param('id'));
    c.set('did', `showed alert "${alert.description}"`);
    return c.json({ policy: alert });
  });
  app.put('/:id', async (c) => {
    const alert = Object.assign(find(c.req.param('id')), await declared(c));
    c.set('did', `changed alert "${alert.description}"`);
    return c.json({ policy: alert });
  });
  app.delete('/:id', (c) => {
    const alert = find(c.req.param('id'));
    state.alerts.delete(alert.uuid);
    c.set('did', `removed alert "${alert.description}"`);
    return c.body(null, 204);
  });
  return app;
}
