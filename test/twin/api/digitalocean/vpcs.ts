import { Hono } from 'hono';
import { z } from 'zod';
import { stamp } from '../actions.ts';
import { REGIONS } from '../catalogue.ts';
import { page } from '../pages.ts';
import { Refusal } from '../refusal.ts';
import type { State, Vpc } from '../state.ts';
import { body } from '../strict.ts';
import type { Env, World } from '../world.ts';

const NAME = z.string();
const DESCRIPTION = z.string().optional();
const CREATE = z.strictObject({
  name: NAME,
  region: z.string(),
  description: DESCRIPTION,
  ip_range: z.cidrv4().optional(),
});
const UPDATE = z.strictObject({
  name: NAME.optional(),
  description: DESCRIPTION,
  default: z.boolean().optional(),
});

/** The network of droplets that ask for none; made with the first such droplet of a region, as in the real thing. */
export function defaultVpc(world: World, region: string): Vpc {
  const { state } = world;
  const found = [...state.vpcs.values()].find((vpc) => vpc.region === region && vpc.isDefault);
  return found ?? make(world, { name: `default-${region}`, region, description: '' });
}

function make(
  world: World,
  { name, region, description, ip_range }: Partial<z.infer<typeof CREATE>> & { name: string; region: string },
): Vpc {
  const { state } = world;
  const id = state.nextUuid();
  const vpc: Vpc = {
    id,
    name,
    description: description ?? '',
    region,
    ipRange: ip_range ?? freeRange(state),
    // The first network of a region is its default, and can't be deleted any more: the real thing is like that.
    isDefault: ![...state.vpcs.values()].some((one) => one.region === region),
    createdAt: world.now(),
  };
  state.vpcs.set(id, vpc);
  return vpc;
}

function freeRange(state: State): string {
  const taken = new Set([...state.vpcs.values()].map(({ ipRange }) => ipRange));
  for (let n = 100; ; n++) if (!taken.has(`10.${n}.0.0/20`)) return `10.${n}.0.0/20`;
}

/** Private networks. */
export function vpcs(world: World) {
  const { state } = world;
  const app = new Hono<Env>();
  const find = (id: string) => {
    const vpc = state.vpcs.get(id);
    if (!vpc) throw new Refusal(404, 'The resource you were accessing could not be found.');
    return vpc;
  };
  const unique = (name: string, but?: Vpc) => {
    if ([...state.vpcs.values()].some((one) => one !== but && one.name === name)) {
      throw new Refusal(422, 'name is already taken by another VPC');
    }
  };

  app.get('/', (c) => {
    c.set('did', `listed ${state.vpcs.size} VPCs`);
    return c.json(page(c, 'vpcs', [...state.vpcs.values()].map(show)));
  });
  app.post('/', async (c) => {
    const asked = await body(c, CREATE);
    if (!REGIONS.find(({ slug }) => slug === asked.region)?.available) {
      throw new Refusal(422, 'region is invalid');
    }
    unique(asked.name);
    if ([...state.vpcs.values()].some(({ ipRange }) => ipRange === asked.ip_range)) {
      throw new Refusal(422, 'ip_range overlaps with another VPC network in your account');
    }
    const vpc = make(world, asked);
    c.set('did', `made VPC ${vpc.name} in ${vpc.region}${vpc.isDefault ? ", the region's default" : ''}`);
    return c.json({ vpc: show(vpc) }, 201);
  });
  app.get('/:id', (c) => {
    const vpc = find(c.req.param('id'));
    c.set('did', `showed VPC ${vpc.name}`);
    return c.json({ vpc: show(vpc) });
  });
  for (const method of ['PUT', 'PATCH'] as const) {
    app.on(method, '/:id', async (c) => {
      const vpc = find(c.req.param('id') ?? '');
      const asked = await body(c, UPDATE);
      if (asked.name !== undefined) unique(asked.name, vpc);
      if (asked.default === false && vpc.isDefault) throw new Refusal(422, 'default can not be unset');
      vpc.name = asked.name ?? vpc.name;
      vpc.description = asked.description ?? vpc.description;
      if (asked.default) {
        for (const one of state.vpcs.values()) if (one.region === vpc.region) one.isDefault = one === vpc;
      }
      c.set('did', `changed VPC ${vpc.name}`);
      return c.json({ vpc: show(vpc) });
    });
  }
  app.delete('/:id', (c) => {
    const vpc = find(c.req.param('id'));
    if ([...state.droplets.values()].some((droplet) => droplet.vpc === vpc.id)) {
      throw new Refusal(403, 'Can not delete VPC with members');
    }
    if (vpc.isDefault) throw new Refusal(403, 'Can not delete default VPCs');
    state.vpcs.delete(vpc.id);
    c.set('did', `removed VPC ${vpc.name}`);
    return c.body(null, 204);
  });
  return app;
}

function show({ id, name, description, region, ipRange, isDefault, createdAt }: Vpc) {
  const common = { id, urn: `do:vpc:${id}`, name, description, region, ip_range: ipRange };
  return { ...common, default: isDefault, created_at: stamp(createdAt) };
}
