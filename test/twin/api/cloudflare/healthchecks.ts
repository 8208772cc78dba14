import { Hono } from 'hono';
import { z } from 'zod';
import { Refusal } from '../refusal.ts';
import type { HealthCheck, NotificationPolicy } from '../state.ts';
import { body } from '../strict.ts';
import type { Env, World } from '../world.ts';
import { result } from './envelope.ts';

/** The account that the zone belongs to. */
export const ACCOUNT = '023e105f4ecef8ad9ca31a8372d0c353';

const count = (min: number, max: number) => z.number().int().min(min).max(max);

/** Limits of the plan Pro, the first that has checks. */
const CHECK = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_-]+$/),
  description: z.string().default(''),
  address: z.union([z.hostname(), z.ipv4(), z.ipv6()]),
  type: z.enum(['HTTP', 'HTTPS']),
  http_config: z.strictObject({
    method: z.enum(['GET', 'HEAD']).default('GET'),
    path: z.string().startsWith('/').default('/'),
    port: count(1, 65_535).optional(),
    expected_codes: z.array(z.string().regex(/^[1-5](xx|\d\d)$/)).default(['200']),
    allow_insecure: z.boolean().default(false),
    follow_redirects: z.boolean().default(false),
  }),
  interval: count(60, 3600).default(60),
  timeout: count(1, 10).default(5),
  retries: count(0, 5).default(2),
  consecutive_fails: count(1, 10).default(1),
  consecutive_successes: count(1, 10).default(1),
});

const POLICY = z.strictObject({
  name: z.string().min(1),
  alert_type: z.literal('health_check_status_notification'),
  enabled: z.boolean(),
  mechanisms: z.strictObject({ email: z.array(z.strictObject({ id: z.email() })).min(1) }),
  filters: z.strictObject({
    health_check_id: z.array(z.string()).min(1),
    status: z.array(z.enum(['Healthy', 'Unhealthy'])).min(1),
  }),
});

/** The zone's standalone health checks. Nothing is checked. */
export function healthchecks(world: World) {
  const { state } = world;
  const app = new Hono<Env>();
  const show = ({ id, modifiedOn, ...rest }: HealthCheck) => ({
    id,
    ...rest,
    status: 'unknown',
    modified_on: modifiedOn.toISOString(),
  });
  const find = (id: string) => found(state.healthChecks, id, 'healthcheck');
  app.post('/', async (c) => {
    const check = { id: state.nextHex(), ...(await body(c, CHECK, 400)), modifiedOn: world.now() };
    state.healthChecks.set(check.id, check);
    c.set('did', `made health check ${check.name} of ${check.address}`);
    return c.json(result(show(check)));
  });
  app.get('/:id', (c) => {
    c.set('did', 'showed a health check');
    return c.json(result(show(find(c.req.param('id')))));
  });
  app.put('/:id', async (c) => {
    const check = find(c.req.param('id'));
    Object.assign(check, await body(c, CHECK, 400), { modifiedOn: world.now() });
    c.set('did', `changed health check ${check.name}`);
    return c.json(result(show(check)));
  });
  app.delete('/:id', (c) => {
    const { id, name } = find(c.req.param('id'));
    if ([...state.policies.values()].some(({ filters }) => filters.health_check_id.includes(id)))
      c.set('did', `removed health check ${name}, of which a policy still tells`);
    else c.set('did', `removed health check ${name}`);
    state.healthChecks.delete(id);
    return c.json(result({ id }));
  });
  return app;
}

/** The account's notification policies. Nobody is notified. A change is answered with the id alone. */
export function policies({ state }: World) {
  const app = new Hono<Env>();
  const find = (id: string) => found(state.policies, id, 'policy');
  const checked = (policy: z.output<typeof POLICY>) => {
    const unknown = policy.filters.health_check_id.find((id) => !state.healthChecks.has(id));
    if (unknown !== undefined) throw new Refusal(400, `there is no health check ${unknown}`, 17003);
    return policy;
  };
  app.post('/', async (c) => {
    const policy: NotificationPolicy = { id: state.nextHex(), ...checked(await body(c, POLICY, 400)) };
    state.policies.set(policy.id, policy);
    c.set('did', `made notification policy ${policy.name}`);
    return c.json(result({ id: policy.id }));
  });
  app.get('/:id', (c) => {
    c.set('did', 'showed a notification policy');
    return c.json(result(find(c.req.param('id'))));
  });
  app.put('/:id', async (c) => {
    const policy = find(c.req.param('id'));
    Object.assign(policy, checked(await body(c, POLICY, 400)));
    c.set('did', `changed notification policy ${policy.name}`);
    return c.json(result({ id: policy.id }));
  });
  app.delete('/:id', (c) => {
    const { id, name } = find(c.req.param('id'));
    state.policies.delete(id);
    c.set('did', `removed notification policy ${name}`);
    return c.json(result({}));
  });
  return app;
}

function found<T>(things: ReadonlyMap<string, T>, id: string, what: string): T {
  const one = things.get(id);
  if (one === undefined) throw new Refusal(404, `${what} not found`, 1002);
  return one;
}
