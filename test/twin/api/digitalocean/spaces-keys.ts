import { Hono } from 'hono';
import { z } from 'zod';
import { stamp } from '../actions.ts';
import type { Grant } from '../hardware.ts';
import { page } from '../pages.ts';
import { Refusal } from '../refusal.ts';
import type { SpacesKey } from '../state.ts';
import { body, list } from '../strict.ts';
import type { Env, World } from '../world.ts';

const GRANT = z
  .strictObject({ bucket: z.string(), permission: z.enum(['read', 'readwrite', 'fullaccess']) })
  .refine(({ bucket, permission }) => (bucket === '') === (permission === 'fullaccess'), {
    message: 'fullaccess is for all buckets, and anything else for one',
  });
const DECLARATION = z.strictObject({ name: z.string(), grants: list(GRANT) });

/** Access keys for Spaces. A secret is told once, when it is made. */
export function spacesKeys(world: World) {
  const { state, spaces } = world;
  const app = new Hono<Env>();
  const find = (id: string) => {
    const key = state.spacesKeys.get(id);
    if (!key) throw new Refusal(404, 'The resource you were accessing could not be found.');
    return key;
  };
  const checkGrants = async (grants: readonly Grant[]) => {
    for (const { bucket } of grants) {
      if (bucket !== '' && !(await spaces.hasBucket(bucket)))
        throw new Refusal(400, `bucket ${bucket} does not exist`);
    }
  };

  app.get('/', (c) => {
    c.set('did', `listed ${state.spacesKeys.size} Spaces keys`);
    return c.json(page(c, 'keys', [...state.spacesKeys.values()].map(show)));
  });
  app.post('/', async (c) => {
    const { name, grants } = await body(c, DECLARATION, 400);
    await checkGrants(grants);
    const { accessKey, secretKey } = await spaces.create(name, grants);
    const key = { accessKey, name, grants, createdAt: world.now() };
    state.spacesKeys.set(accessKey, key);
    c.set('did', `made Spaces key ${name}: ${showGrants(grants)}`);
    return c.json({ key: { ...show(key), secret_key: secretKey } }, 201);
  });
  app.get('/:id', (c) => {
    const key = find(c.req.param('id'));
    c.set('did', `showed Spaces key ${key.name}`);
    return c.json({ key: show(key) });
  });
  for (const method of ['PUT', 'PATCH'] as const) {
    app.on(method, '/:id', async (c) => {
      const key = find(c.req.param('id') ?? '');
      const { name, grants } = await body(c, DECLARATION, 400);
      await checkGrants(grants);
      await spaces.update(key.accessKey, grants);
      Object.assign(key, { name, grants });
      c.set('did', `changed Spaces key ${name}: ${showGrants(grants)}`);
      return c.json({ key: show(key) });
    });
  }
  app.delete('/:id', async (c) => {
    const key = find(c.req.param('id'));
    await spaces.remove(key.accessKey);
    state.spacesKeys.delete(key.accessKey);
    c.set('did', `removed Spaces key ${key.name}`);
    return c.body(null, 204);
  });
  return app;
}

/** What a key may, in words. */
export function showGrants(grants: readonly Grant[]): string {
  const words = grants.map(({ bucket, permission }) => `${permission} ${bucket || 'everything'}`);
  return words.join(', ') || 'nothing';
}

function show({ accessKey, name, grants, createdAt }: SpacesKey) {
  return { name, access_key: accessKey, grants, created_at: stamp(createdAt) };
}
