import { Hono } from 'hono';
import { z } from 'zod';
import { linkTo, showAction, stamp } from '../actions.ts';
import { IMAGES, REGIONS, SIZES, showRegion, showSize } from '../catalogue.ts';
import { page } from '../pages.ts';
import { Refusal } from '../refusal.ts';
import type { Droplet } from '../state.ts';
import { body, list } from '../strict.ts';
import type { Env, World } from '../world.ts';
import { findKey } from './keys.ts';
import { TAG_NAME } from './tags.ts';
import { defaultVpc } from './vpcs.ts';

/** The most that user-data may have. */
const USER_DATA_BYTES = 64 * 1024;

const NO = (what: string) =>
  z
    .literal(false, `this twin has no ${what}`)
    .nullish()
    .transform(() => false);

const CREATE = z.strictObject({
  name: z
    .string()
    .max(255)
    .regex(/^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/, 'Only valid hostname characters are allowed.'),
  region: z.string('this twin chooses no region'),
  size: z.string(),
  image: z.union([z.string(), z.number().int()]),
  ssh_keys: list(z.union([z.string(), z.number().int()])),
  backups: NO('backups'),
  ipv6: NO('IPv6'),
  private_networking: z.boolean().nullish(),
  monitoring: z.boolean().default(false),
  user_data: z
    .string()
    .refine((text) => Buffer.byteLength(text) <= USER_DATA_BYTES, 'is too long: 64 KiB at the most')
    .nullish(),
  volumes: list(z.never('this twin has no volumes')),
  tags: list(TAG_NAME),
  vpc_uuid: z.uuid().nullish(),
  with_droplet_agent: z.boolean().nullish(),
  public_networking: z.literal(true, 'a droplet here has a public address').nullish(),
});

const ACT = z.strictObject({
  type: z.literal('rename', 'this twin can only rename'),
  name: CREATE.shape.name,
});

/** Droplets, and what is done with them. */
export function droplets(world: World) {
  const { state } = world;
  const app = new Hono<Env>();
  const find = (id: string) => {
    const droplet = state.droplets.get(Number(id));
    if (!droplet) throw new Refusal(404, 'The resource you were accessing could not be found.');
    return droplet;
  };
  const show = (droplet: Droplet) => showDroplet(droplet);

  app.get('/', (c) => {
    const { tag_name: tag, name } = c.req.query();
    const found = [...state.droplets.values()].filter(
      (one) => (tag === undefined || one.tags.has(tag)) && (name === undefined || one.name === name),
    );
    c.set('did', `listed ${found.length} droplets`);
    return c.json(page(c, 'droplets', found.map(show), { filters: ['tag_name', 'name'] }));
  });

  app.post('/', async (c) => {
    const asked = await body(c, CREATE);
    const { region, size, image } = offered(asked);
    const vpc = asked.vpc_uuid ? state.vpcs.get(asked.vpc_uuid) : defaultVpc(world, region.slug);
    if (vpc?.region !== region.slug)
      throw new Refusal(422, 'the VPC does not exist, or is in another region');
    const publicKeys = asked.ssh_keys.map((id) => {
      const key = findKey(state, String(id));
      if (!key) throw new Refusal(422, `${id} are invalid key identifiers for Droplet creation.`);
      return key.publicKey;
    });
    for (const tag of asked.tags) state.tags.add(tag);
    const id = state.nextNumber();
    const droplet: Droplet = {
      id,
      name: asked.name,
      size: size.slug,
      region: region.slug,
      image: image.slug,
      vpc: vpc.id,
      tags: new Set(asked.tags),
      monitoring: asked.monitoring,
      createdAt: world.now(),
      address: undefined,
      privateAddress: undefined,
      status: 'new',
      pending: undefined,
      leaving: false,
    };
    state.droplets.set(id, droplet);
    const machine = {
      id,
      name: asked.name,
      userData: asked.user_data ?? '',
      size: size.slug,
      memoryMb: size.memory,
      publicKeys,
    };
    const about = { type: 'create', resource: { type: 'droplet', id }, region: region.slug } as const;
    const action = world.begin(c, about, async () => {
      // Before it is there, so that it is never open.
      await world.guard();
      Object.assign(droplet, await world.hardware.boot(machine));
      await world.guard();
    });
    droplet.pending = action;
    c.set('did', `made droplet ${asked.name} (${id}): ${size.slug}, ${image.slug}, ${region.slug}; it boots`);
    return c.json({ droplet: show(droplet), links: { actions: [linkTo(c, action, 'create')] } }, 202);
  });

  app.get('/:id{[0-9]+}', (c) => {
    const droplet = find(c.req.param('id'));
    settle(world, droplet);
    c.set(
      'did',
      `showed droplet ${droplet.name} (${droplet.id}): ${droplet.leaving ? 'leaving' : droplet.status}`,
    );
    return c.json({ droplet: show(droplet) });
  });

  app.delete('/:id{[0-9]+}', (c) => {
    const droplet = find(c.req.param('id'));
    refuseBusy(world, droplet);
    if (!droplet.leaving) leave(world, droplet);
    c.set('did', `destroys droplet ${droplet.name} (${droplet.id})`);
    return c.body(null, 204);
  });

  app.get('/:id{[0-9]+}/actions', (c) => {
    const { id } = find(c.req.param('id'));
    const all = [...state.actions.values()].filter(
      ({ resource }) => resource.type === 'droplet' && resource.id === id,
    );
    c.set('did', `listed ${all.length} actions of droplet ${id}`);
    return c.json(
      page(
        c,
        'actions',
        all.map((action) => showAction(world.look(action))),
      ),
    );
  });

  app.post('/:id{[0-9]+}/actions', async (c) => {
    const droplet = find(c.req.param('id'));
    const { name } = await body(c, ACT);
    refuseBusy(world, droplet);
    const about = {
      type: 'rename',
      resource: { type: 'droplet', id: droplet.id },
      region: droplet.region,
    } as const;
    droplet.pending = world.begin(c, about, async () => {
      droplet.name = name;
    });
    c.set('did', `renamed droplet ${droplet.id} to ${name}`);
    return c.json({ action: showAction(droplet.pending) }, 201);
  });
  return app;
}

function offered(asked: { region: string; size: string; image: string | number }) {
  const region = REGIONS.find(({ slug }) => slug === asked.region);
  if (!region?.available) throw new Refusal(422, 'You specified an invalid region for Droplet creation.');
  const size = SIZES.find(({ slug }) => slug === asked.size);
  if (!size) throw new Refusal(422, 'You specified an invalid size for Droplet creation.');
  if (!region.sizes.includes(size.slug)) throw new Refusal(422, 'Size is not available in this region.');
  const image = IMAGES.find(({ id, slug }) => id === asked.image || slug === asked.image);
  if (!image) throw new Refusal(422, 'You specified an invalid image for Droplet creation.');
  return { region, size, image };
}

/** Throws Refusal while something else is done with a droplet. */
export function refuseBusy(world: World, droplet: Droplet): void {
  if (droplet.pending && world.isGoingOn(droplet.pending)) {
    throw new Refusal(422, 'Droplet already has a pending event.');
  }
  settle(world, droplet);
}

/** Looks at what is being done with a droplet, which may end it. */
function settle(world: World, droplet: Droplet): void {
  if (!droplet.pending) return;
  const { status, type } = world.look(droplet.pending);
  if (status === 'in-progress') return;
  if (type === 'create') droplet.status = status === 'completed' ? 'active' : 'off';
  droplet.pending = undefined;
}

function leave(world: World, droplet: Droplet): void {
  droplet.leaving = true;
  world.background(`destroying droplet ${droplet.id}`, async () => {
    for (const reserved of world.state.reserved.values()) {
      if (reserved.droplet !== droplet.id) continue;
      await world.point(reserved.ip, undefined);
      reserved.droplet = undefined;
    }
    await world.hardware.destroy(droplet.id);
    world.state.droplets.delete(droplet.id);
    await world.guard();
  });
}

/** A droplet as the API shows it. */
export function showDroplet(droplet: Droplet) {
  const size = SIZES.find(({ slug }) => slug === droplet.size)!;
  const region = REGIONS.find(({ slug }) => slug === droplet.region)!;
  const image = IMAGES.find(({ slug }) => slug === droplet.image)!;
  const { address, privateAddress } = droplet;
  const v4 = [
    ...(privateAddress ? [network(privateAddress, 'private')] : []),
    ...(address ? [network(address, 'public')] : []),
  ];
  return {
    id: droplet.id,
    name: droplet.name,
    memory: size.memory,
    vcpus: size.vcpus,
    disk: size.disk,
    locked: droplet.pending !== undefined || droplet.leaving,
    status: droplet.status,
    kernel: null,
    created_at: stamp(droplet.createdAt),
    features: ['droplet_agent', 'private_networking', ...(droplet.monitoring ? ['monitoring'] : [])],
    backup_ids: [],
    next_backup_window: null,
    snapshot_ids: [],
    volume_ids: [],
    image,
    size: showSize(size),
    size_slug: size.slug,
    region: showRegion(region),
    networks: { v4, v6: [] },
    tags: [...droplet.tags],
    vpc_uuid: droplet.vpc,
    urn: `do:droplet:${droplet.id}`,
  };
}

function network(address: string, type: 'public' | 'private') {
  const gateway = address.replace(/\d+$/, '1');
  return {
    ip_address: address,
    netmask: type === 'public' ? '255.255.255.0' : '255.255.240.0',
    gateway,
    type,
  };
}
