import { Hono } from 'hono';
import { z } from 'zod';
import { page } from '../pages.ts';
import { Refusal } from '../refusal.ts';
import { body, list } from '../strict.ts';
import type { Env, World } from '../world.ts';

/** What a tag may be called. */
export const TAG_NAME = z
  .string()
  .regex(/^[a-zA-Z0-9_\-:]{1,255}$/, 'letters, numbers, colons, dashes and underscores only');

const CREATE = z.strictObject({ name: TAG_NAME });
const RESOURCES = z.strictObject({
  resources: list(
    z.strictObject({
      resource_id: z.string(),
      resource_type: z.literal('droplet', 'this twin tags droplets only'),
    }),
  ),
});

/** Tags, and what they are put on. */
export function tags(world: World) {
  const { state } = world;
  const app = new Hono<Env>();
  const find = (name: string) => {
    if (!state.tags.has(name)) throw new Refusal(404, 'The resource you were accessing could not be found.');
    return name;
  };
  const show = (name: string) => {
    const count = [...state.droplets.values()].filter((droplet) => droplet.tags.has(name)).length;
    const none = { count: 0 };
    const others = { images: none, volumes: none, volume_snapshots: none, databases: none };
    return { name, resources: { count, droplets: { count }, ...others } };
  };

  app.get('/', (c) => {
    c.set('did', `listed ${state.tags.size} tags`);
    return c.json(page(c, 'tags', [...state.tags].map(show)));
  });
  app.post('/', async (c) => {
    const { name } = await body(c, CREATE);
    c.set('did', state.tags.has(name) ? `found tag ${name}` : `made tag ${name}`);
    state.tags.add(name);
    return c.json({ tag: show(name) }, 201);
  });
  app.get('/:name', (c) => {
    const name = find(c.req.param('name'));
    c.set('did', `showed tag ${name}`);
    return c.json({ tag: show(name) });
  });
  app.delete('/:name', async (c) => {
    const name = find(c.req.param('name'));
    state.tags.delete(name);
    for (const droplet of state.droplets.values()) droplet.tags.delete(name);
    for (const firewall of state.firewalls.values()) {
      firewall.tags = new Set([...firewall.tags].filter((one) => one !== name));
    }
    await world.guard();
    c.set('did', `removed tag ${name} from everything`);
    return c.body(null, 204);
  });
  for (const method of ['POST', 'DELETE'] as const) {
    app.on(method, '/:name/resources', async (c) => {
      const name = find(c.req.param('name') ?? '');
      const { resources } = await body(c, RESOURCES);
      const droplets = resources.map(({ resource_id: id }) => state.droplets.get(Number(id)));
      if (droplets.includes(undefined))
        throw new Refusal(404, 'The resource to be tagged could not be found.');
      for (const droplet of droplets) droplet?.tags[method === 'POST' ? 'add' : 'delete'](name);
      await world.guard();
      c.set(
        'did',
        `${method === 'POST' ? 'put tag' : 'took tag'} ${name} ${method === 'POST' ? 'on' : 'off'} ${droplets.map((one) => one?.name).join(', ')}`,
      );
      return c.body(null, 204);
    });
  }
  return app;
}
