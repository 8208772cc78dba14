import { Hono } from 'hono';
import { z } from 'zod';
import { stamp } from '../actions.ts';
import { REGIONS, showRegion } from '../catalogue.ts';
import { dropletsOf } from '../guards.ts';
import { page } from '../pages.ts';
import { Refusal } from '../refusal.ts';
import type { LoadBalancer } from '../state.ts';
import { body, list } from '../strict.ts';
import type { Env, World } from '../world.ts';
import { defaultVpc } from './vpcs.ts';

const PORT = z.number().int().min(1).max(65_535);
const NO = (what: string) => z.literal(false, `this twin has no ${what}`).optional();

const RULE = z
  .strictObject({
    entry_protocol: z.enum(['http', 'https', 'http2', 'http3', 'tcp', 'udp']),
    entry_port: PORT,
    target_protocol: z.enum(['http', 'https', 'http2', 'tcp', 'udp']),
    target_port: PORT,
    certificate_id: z.string().default(''),
    tls_passthrough: z.boolean().default(false),
  })
  .refine(
    ({ entry_protocol: entry, target_protocol: target, tls_passthrough: passed }) =>
      (entry === 'tcp' && target === 'tcp') || (entry === 'https' && target === 'https' && passed),
    'this twin has no rules but tcp, and https that is passed through',
  );

// The vendor's documentation has the limits of these numbers; the description does not.
const HEALTH = z.strictObject({
  protocol: z.enum(['http', 'https', 'tcp']).default('http'),
  port: PORT.default(80),
  path: z.string().default('/'),
  check_interval_seconds: z.number().int().min(3, 'out of range').max(300, 'out of range').default(10),
  response_timeout_seconds: z.number().int().min(3, 'out of range').max(300, 'out of range').default(5),
  healthy_threshold: z.number().int().min(2, 'out of range').max(10, 'out of range').default(3),
  unhealthy_threshold: z.number().int().min(2, 'out of range').max(10, 'out of range').default(5),
});

const SOURCE = z
  .string()
  .regex(/^(ip:[0-9.]+|cidr:[0-9.]+\/\d{1,2})$/, 'not a rule of the form ip:1.2.3.4 or cidr:1.2.0.0/16');

const DECLARATION = z.strictObject({
  name: z.string(),
  region: z.string(),
  algorithm: z.literal(['round_robin', ''], 'this twin has no other algorithm').optional(),
  size: z.literal('', 'this twin has no sizes but size_unit').optional(),
  size_unit: z.number().int().min(1).max(100).default(1),
  type: z.literal(['REGIONAL', ''], 'this twin has no other type').optional(),
  network: z.literal(['EXTERNAL', ''], 'this twin has no other network').optional(),
  network_stack: z.literal(['IPV4', ''], 'this twin has no other network').optional(),
  tls_cipher_policy: z.string().optional(),
  forwarding_rules: z.array(RULE).min(1),
  health_check: HEALTH.default(() => HEALTH.parse({})),
  sticky_sessions: z
    .strictObject({ type: z.literal(['none', ''], 'this twin has no sticky sessions').optional() })
    .optional(),
  droplet_ids: z.array(z.number().int()).optional(),
  tag: z.string().optional(),
  redirect_http_to_https: NO('redirects'),
  enable_proxy_protocol: NO('PROXY protocol'),
  enable_backend_keepalive: NO('backend keepalive'),
  disable_lets_encrypt_dns_records: z.boolean().optional(),
  vpc_uuid: z.string().optional(),
  project_id: z.string().optional(),
  http_idle_timeout_seconds: z.number().int().min(30).max(600).optional(),
  firewall: z
    .strictObject({ allow: list(SOURCE), deny: list(z.never('this twin has no deny rules')) })
    .default({ allow: [], deny: [] }),
});

/** Load balancers. They are active when what stands behind them runs and they were looked at often enough. */
export function balancers(world: World) {
  const { state } = world;
  const app = new Hono<Env>();
  const find = (id: string) => {
    const balancer = state.balancers.get(id);
    if (!balancer) throw new Refusal(404, 'The resource you were accessing could not be found.');
    return balancer;
  };
  const declared = async (c: Parameters<typeof body>[0]) => {
    const asked = await body(c, DECLARATION);
    const region = REGIONS.find(({ slug }) => slug === asked.region);
    if (!region?.available) throw new Refusal(422, 'region is invalid');
    const vpc = asked.vpc_uuid ? state.vpcs.get(asked.vpc_uuid) : defaultVpc(world, region.slug);
    if (vpc?.region !== region.slug)
      throw new Refusal(422, 'the VPC does not exist, or is in another region');
    const id = asked.droplet_ids?.find((one) => !state.droplets.has(one));
    if (id !== undefined) throw new Refusal(422, `droplet ${id} does not exist`);
    if (asked.tag !== undefined && !state.tags.has(asked.tag))
      throw new Refusal(422, `tag ${asked.tag} does not exist`);
    const ports = asked.forwarding_rules.map((rule) => rule.entry_port);
    if (new Set(ports).size < ports.length) throw new Refusal(422, 'two rules for one entry port');
    const { name, size_unit, firewall } = asked;
    const rules = asked.forwarding_rules;
    const droplets: ReadonlySet<number> = new Set(asked.droplet_ids);
    const changeable = {
      name,
      size_unit,
      firewall,
      rules,
      health: asked.health_check,
      tag: asked.tag,
      droplets,
    };
    return { changeable, region: region.slug, vpc: vpc.id };
  };
  const show = (balancer: LoadBalancer) => {
    const { name, size_unit, firewall, rules, health, tag, createdAt } = balancer;
    const isActive = balancer.address !== undefined && balancer.polls <= 0;
    return {
      id: balancer.id,
      name,
      // It is not known before it is active.
      ip: isActive ? balancer.address : '',
      size_unit,
      algorithm: 'round_robin',
      status: isActive ? 'active' : 'new',
      created_at: stamp(createdAt),
      forwarding_rules: rules,
      health_check: health,
      sticky_sessions: { type: 'none' },
      region: showRegion(REGIONS.find(({ slug }) => slug === balancer.region)!),
      tag: tag ?? '',
      droplet_ids: dropletsOf(state, balancer).map(({ id }) => id),
      redirect_http_to_https: false,
      enable_proxy_protocol: false,
      enable_backend_keepalive: false,
      disable_lets_encrypt_dns_records: false,
      vpc_uuid: balancer.vpc,
      firewall,
      type: 'REGIONAL',
      network: 'EXTERNAL',
      network_stack: 'IPV4',
      http_idle_timeout_seconds: 60,
      project_id: '0e5a0000-0000-4000-8000-9e0000000000',
    };
  };

  app.get('/', (c) => {
    c.set('did', `listed ${state.balancers.size} load balancers`);
    return c.json(page(c, 'load_balancers', [...state.balancers.values()].map(show)));
  });
  app.post('/', async (c) => {
    const { changeable, region, vpc } = await declared(c);
    if ([...state.balancers.values()].some(({ name }) => name === changeable.name))
      throw new Refusal(422, 'name is already taken by another load balancer');
    const id = state.nextUuid();
    const place = { address: undefined, privateAddress: undefined };
    const made = { id, region, vpc, createdAt: world.now(), polls: c.get('polls'), ...place, ...changeable };
    state.balancers.set(id, made);
    world.background(`making load balancer ${made.name}`, () => world.guard());
    c.set('did', `made load balancer ${made.name} in ${region}`);
    return c.json({ load_balancer: show(made) }, 202);
  });
  app.get('/:id', (c) => {
    const balancer = find(c.req.param('id'));
    const shown = show(balancer);
    balancer.polls -= 1;
    c.set('did', `showed load balancer ${balancer.name}: ${shown.status}`);
    return c.json({ load_balancer: shown });
  });
  app.put('/:id', async (c) => {
    const balancer = find(c.req.param('id'));
    const { changeable, region, vpc } = await declared(c);
    if (region !== balancer.region || vpc !== balancer.vpc)
      throw new Refusal(422, 'a load balancer can not move to another region or VPC');
    Object.assign(balancer, changeable);
    await world.guard();
    c.set('did', `changed load balancer ${balancer.name}`);
    return c.json({ load_balancer: show(balancer) });
  });
  app.delete('/:id', async (c) => {
    const balancer = find(c.req.param('id'));
    state.balancers.delete(balancer.id);
    await world.guard();
    c.set('did', `removed load balancer ${balancer.name}`);
    return c.body(null, 204);
  });
  return app;
}
