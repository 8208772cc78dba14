import { Hono } from 'hono';
import { z } from 'zod';
import { stamp } from '../actions.ts';
import { page } from '../pages.ts';
import { Refusal } from '../refusal.ts';
import type { Firewall, Peers, Rule } from '../state.ts';
import { body, list } from '../strict.ts';
import type { Env, World } from '../world.ts';
import { inboundRules, outboundRules, sameRule, showRules } from './rules.ts';

const DECLARATION = z.strictObject({
  name: z.string(),
  inbound_rules: inboundRules,
  outbound_rules: outboundRules,
  droplet_ids: list(z.number()),
  tags: list(z.string()),
});
const RULES = z.strictObject({ inbound_rules: inboundRules, outbound_rules: outboundRules });

/** Ends that have to exist. */
type Ends = Pick<Peers, 'tags' | 'droplet_ids'> & Partial<Pick<Peers, 'load_balancer_uids'>>;

/** Firewalls. What is answered is in force. */
export function firewalls(world: World) {
  const { state } = world;
  const app = new Hono<Env>();
  const find = (id: string) => {
    const firewall = state.firewalls.get(id);
    if (!firewall) throw new Refusal(404, 'The resource you were accessing could not be found.');
    return firewall;
  };
  const checkEnds = ({ tags, droplet_ids: ids, load_balancer_uids: balancers = [] }: Ends) => {
    const tag = tags.find((name) => !state.tags.has(name));
    if (tag !== undefined) throw new Refusal(422, `tag ${tag} does not exist`);
    const id = ids.find((one) => !state.droplets.has(one));
    if (id !== undefined) throw new Refusal(422, `droplet ${id} does not exist`);
    const balancer = balancers.find((one) => !state.balancers.has(one));
    if (balancer !== undefined) throw new Refusal(422, `load balancer ${balancer} does not exist`);
  };
  const declared = async (c: Parameters<typeof body>[0], but?: Firewall) => {
    const asked = await body(c, DECLARATION);
    const { tags, droplet_ids: droplets } = asked;
    checkEnds({ tags, droplet_ids: droplets });
    for (const { peers } of [...asked.inbound_rules, ...asked.outbound_rules]) checkEnds(peers);
    if (asked.inbound_rules.length + asked.outbound_rules.length === 0) {
      throw new Refusal(422, 'must have at least one rule');
    }
    if ([...state.firewalls.values()].some((one) => one !== but && one.name === asked.name)) {
      throw new Refusal(409, 'duplicate name');
    }
    return {
      name: asked.name,
      inbound: asked.inbound_rules,
      outbound: asked.outbound_rules,
      droplets: new Set(droplets),
      tags: new Set(tags),
    };
  };

  app.get('/', (c) => {
    c.set('did', `listed ${state.firewalls.size} firewalls`);
    return c.json(page(c, 'firewalls', [...state.firewalls.values()].map(show)));
  });
  app.post('/', async (c) => {
    const firewall = { id: state.nextUuid(), createdAt: world.now(), ...(await declared(c)) };
    state.firewalls.set(firewall.id, firewall);
    await world.guard();
    c.set('did', `made firewall ${firewall.name}: ${summary(firewall)}`);
    return c.json({ firewall: show(firewall) }, 202);
  });
  app.get('/:id', (c) => {
    const firewall = find(c.req.param('id'));
    c.set('did', `showed firewall ${firewall.name}`);
    return c.json({ firewall: show(firewall) });
  });
  app.put('/:id', async (c) => {
    const firewall = find(c.req.param('id'));
    Object.assign(firewall, await declared(c, firewall));
    await world.guard();
    c.set('did', `changed firewall ${firewall.name}: ${summary(firewall)}`);
    return c.json({ firewall: show(firewall) });
  });
  app.delete('/:id', async (c) => {
    const firewall = find(c.req.param('id'));
    state.firewalls.delete(firewall.id);
    await world.guard();
    c.set('did', `removed firewall ${firewall.name}`);
    return c.body(null, 204);
  });

  for (const method of ['POST', 'DELETE'] as const) {
    const adds = method === 'POST';
    app.on(method, '/:id/rules', async (c) => {
      const firewall = find(c.req.param('id') ?? '');
      const { inbound_rules: inbound, outbound_rules: outbound } = await body(c, RULES);
      for (const { peers } of [...inbound, ...outbound]) checkEnds(peers);
      const change = (rules: readonly Rule[], some: readonly Rule[]) => {
        const others = rules.filter((rule) => !some.some((one) => sameRule(one, rule)));
        if (adds) return [...others, ...some];
        if (others.length + some.length !== rules.length)
          throw new Refusal(422, 'a rule to remove does not exist');
        return others;
      };
      const next = {
        inbound: change(firewall.inbound, inbound),
        outbound: change(firewall.outbound, outbound),
      };
      if (next.inbound.length + next.outbound.length === 0)
        throw new Refusal(422, 'must have at least one rule');
      Object.assign(firewall, next);
      await world.guard();
      const count = inbound.length + outbound.length;
      c.set(
        'did',
        `${adds ? 'added' : 'took'} ${count} rules ${adds ? 'to' : 'from'} firewall ${firewall.name}`,
      );
      return c.body(null, 204);
    });
    app.on(method, '/:id/droplets', async (c) => {
      const firewall = find(c.req.param('id') ?? '');
      const { droplet_ids: ids } = await body(c, z.strictObject({ droplet_ids: list(z.number()) }));
      checkEnds({ tags: [], droplet_ids: ids });
      firewall.droplets = changed(firewall.droplets, ids, adds);
      await world.guard();
      c.set(
        'did',
        `${adds ? 'put' : 'took'} droplets ${ids.join(', ')} ${adds ? 'behind' : 'from behind'} firewall ${firewall.name}`,
      );
      return c.body(null, 204);
    });
    app.on(method, '/:id/tags', async (c) => {
      const firewall = find(c.req.param('id') ?? '');
      const { tags } = await body(c, z.strictObject({ tags: list(z.string()) }));
      checkEnds({ tags, droplet_ids: [] });
      firewall.tags = changed(firewall.tags, tags, adds);
      await world.guard();
      c.set(
        'did',
        `${adds ? 'put' : 'took'} tag ${tags.join(', ')} ${adds ? 'behind' : 'from behind'} firewall ${firewall.name}`,
      );
      return c.body(null, 204);
    });
  }
  return app;
}

function changed<T>(all: ReadonlySet<T>, some: readonly T[], adds: boolean): Set<T> {
  return adds ? new Set([...all, ...some]) : new Set([...all].filter((one) => !some.includes(one)));
}

function summary({ inbound, tags, droplets }: Pick<Firewall, 'inbound' | 'tags' | 'droplets'>): string {
  const ports = inbound.map(({ protocol, ports }) => `${protocol}/${ports === '0' ? 'all' : ports}`);
  const behind = [...[...tags].map((tag) => `tag ${tag}`), ...[...droplets].map((id) => `droplet ${id}`)];
  return `lets ${ports.join(', ') || 'nothing'} in to ${behind.join(', ') || 'nobody'}`;
}

function show({ id, name, inbound, outbound, droplets, tags, createdAt }: Firewall) {
  return {
    id,
    name,
    status: 'succeeded',
    created_at: stamp(createdAt),
    pending_changes: [],
    inbound_rules: showRules(inbound, 'sources'),
    outbound_rules: showRules(outbound, 'destinations'),
    droplet_ids: [...droplets],
    tags: [...tags],
  };
}
