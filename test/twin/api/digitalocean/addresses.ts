import { Hono } from 'hono';
import { z } from 'zod';
import { type Action, linkTo, showAction } from '../actions.ts';
import { REGIONS, showRegion } from '../catalogue.ts';
import { page } from '../pages.ts';
import { Refusal } from '../refusal.ts';
import type { Droplet, ReservedAddress } from '../state.ts';
import { body } from '../strict.ts';
import type { Env, World } from '../world.ts';
import { refuseBusy, showDroplet } from './droplets.ts';

/** Where what is made without a project belongs. */
const DEFAULT_PROJECT = '0e5a0000-0000-4000-8000-9e0000000000';

const ID = z.number().int();
const CREATE = z.union(
  [
    z.strictObject({ region: z.string(), project_id: z.string().optional() }),
    z.strictObject({ droplet_id: ID }),
  ],
  'either a region or a droplet_id',
);
const ACT = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('assign'), droplet_id: ID }),
  z.strictObject({ type: z.literal('unassign') }),
]);

/** Reserved addresses: they stay when droplets come and go. */
export function addresses(world: World) {
  const { state, hardware } = world;
  const app = new Hono<Env>();
  const find = (ip: string) => {
    const reserved = state.reserved.get(ip);
    if (!reserved) throw new Refusal(404, 'The resource you were accessing could not be found.');
    return reserved;
  };
  const show = ({ ip, region, droplet }: ReservedAddress) => {
    const at = droplet === undefined ? undefined : state.droplets.get(droplet);
    return {
      ip,
      region: showRegion(REGIONS.find(({ slug }) => slug === region)!),
      droplet: at ? showDroplet(at) : null,
      locked: pendingOf(ip) !== undefined,
      project_id: DEFAULT_PROJECT,
    };
  };
  /** Actions are known by numbers, an address is none: its own, as in the real thing, is its 32 bits. */
  const numberOf = (ip: string) => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const actionsOf = (ip: string) =>
    [...state.actions.values()].filter(
      ({ resource }) => resource.type === 'reserved_ip' && resource.id === numberOf(ip),
    );
  const pendingOf = (ip: string) => actionsOf(ip).find(({ status }) => status === 'in-progress');
  const refuseBusyAddress = (ip: string) => {
    const pending = pendingOf(ip);
    if (pending && world.isGoingOn(pending)) {
      throw new Refusal(422, 'The reserved IP already has a pending event.');
    }
  };
  const target = (id: number, region: string, ip = ''): Droplet => {
    const droplet = state.droplets.get(id);
    if (!droplet || droplet.leaving) throw new Refusal(422, 'The droplet does not exist.');
    refuseBusy(world, droplet);
    if (droplet.region !== region) throw new Refusal(422, 'The droplet is in another region.');
    // Of one that leads there already the documentation says nothing: here it is no mistake.
    const other = [...state.reserved.values()].find((one) => one.droplet === id && one.ip !== ip);
    if (other) throw new Refusal(422, 'The droplet already has a reserved IP.');
    return droplet;
  };

  app.get('/', (c) => {
    c.set('did', `listed ${state.reserved.size} reserved addresses`);
    return c.json(page(c, 'reserved_ips', [...state.reserved.values()].map(show)));
  });

  app.post('/', async (c) => {
    const asked = await body(c, CREATE);
    const droplet = 'droplet_id' in asked ? state.droplets.get(asked.droplet_id) : undefined;
    const slug = 'region' in asked ? asked.region : droplet?.region;
    const region = REGIONS.find((one) => one.slug === slug);
    if (!region?.available) throw new Refusal(422, 'Region or droplet is not valid.');
    if (droplet) target(droplet.id, region.slug);
    const ip = hardware.addresses.find((one) => !state.reserved.has(one));
    if (ip === undefined) throw new Refusal(422, 'You have reached the limit of reserved IPs.');
    const reserved: ReservedAddress = { ip, region: region.slug, droplet: undefined };
    state.reserved.set(ip, reserved);
    const action = droplet && assign(world, c, { reserved, droplet, number: numberOf(ip) });
    c.set('did', `reserved ${ip} in ${region.slug}${droplet ? ` for droplet ${droplet.id}` : ''}`);
    const links = action ? { actions: [linkTo(c, action, 'assign_ip')] } : {};
    return c.json({ reserved_ip: show(reserved), links }, 202);
  });

  app.get('/:ip', (c) => {
    const reserved = find(c.req.param('ip'));
    c.set('did', `showed reserved address ${reserved.ip}: ${whither(reserved)}`);
    return c.json({ reserved_ip: show(reserved) });
  });

  app.delete('/:ip', async (c) => {
    const { ip } = find(c.req.param('ip'));
    refuseBusyAddress(ip);
    await world.point(ip, undefined);
    state.reserved.delete(ip);
    c.set('did', `gave reserved address ${ip} back`);
    return c.body(null, 204);
  });

  app.get('/:ip/actions', (c) => {
    const { ip } = find(c.req.param('ip'));
    c.set('did', `listed actions of ${ip}`);
    return c.json(
      page(
        c,
        'actions',
        actionsOf(ip).map((action) => showAction(world.look(action))),
      ),
    );
  });

  app.get('/:ip/actions/:id', (c) => {
    const { ip } = find(c.req.param('ip'));
    const action = actionsOf(ip).find(({ id }) => id === Number(c.req.param('id')));
    if (!action) throw new Refusal(404, 'The resource you were accessing could not be found.');
    c.set('did', `showed ${action.type} of ${ip}: ${world.look(action).status}`);
    return c.json({ action: showAction(action) });
  });

  app.post('/:ip/actions', async (c) => {
    const reserved = find(c.req.param('ip'));
    const asked = await body(c, ACT);
    refuseBusyAddress(reserved.ip);
    const number = numberOf(reserved.ip);
    let action: Action;
    if (asked.type === 'assign') {
      const droplet = target(asked.droplet_id, reserved.region, reserved.ip);
      action = assign(world, c, { reserved, droplet, number });
      c.set('did', `leads ${reserved.ip} to droplet ${droplet.name} (${droplet.id})`);
    } else {
      if (reserved.droplet === undefined) throw new Refusal(422, 'The reserved IP is not assigned.');
      const resource = { type: 'reserved_ip', id: number } as const;
      action = world.begin(c, { type: 'unassign_ip', resource, region: reserved.region }, async () => {
        await world.point(reserved.ip, undefined);
        reserved.droplet = undefined;
      });
      c.set('did', `leads ${reserved.ip} nowhere`);
    }
    return c.json({ action: showAction(action) }, 201);
  });
  return app;
}

function whither({ droplet }: ReservedAddress): string {
  return droplet === undefined ? 'leads nowhere' : `leads to droplet ${droplet}`;
}

function assign(
  world: World,
  c: Parameters<World['begin']>[0],
  { reserved, droplet, number }: { reserved: ReservedAddress; droplet: Droplet; number: number },
): Action {
  const resource = { type: 'reserved_ip', id: number } as const;
  return world.begin(c, { type: 'assign_ip', resource, region: reserved.region }, async () => {
    await world.point(reserved.ip, droplet.id);
    reserved.droplet = droplet.id;
  });
}
