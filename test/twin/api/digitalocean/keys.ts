import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { z } from 'zod';
import { page } from '../pages.ts';
import { Refusal } from '../refusal.ts';
import type { AccountKey, State } from '../state.ts';
import { body } from '../strict.ts';
import type { Env, World } from '../world.ts';

const CREATE = z.strictObject({ name: z.string(), public_key: z.string() });
const UPDATE = z.strictObject({ name: z.string().optional() });

/** A key of the account by its number or its fingerprint. */
export function findKey(state: State, id: string): AccountKey | undefined {
  return [...state.keys.values()].find((key) => String(key.id) === id || key.fingerprint === id);
}

/** SSH keys of the account. */
export function keys(world: World) {
  const { state } = world;
  const app = new Hono<Env>();
  const find = (id: string) => {
    const key = findKey(state, id);
    if (!key) throw new Refusal(404, 'The resource you were accessing could not be found.');
    return key;
  };

  app.get('/', (c) => {
    c.set('did', `listed ${state.keys.size} SSH keys`);
    return c.json(page(c, 'ssh_keys', [...state.keys.values()].map(show)));
  });
  app.post('/', async (c) => {
    const asked = await body(c, CREATE);
    const fingerprint = fingerprintOf(asked.public_key);
    if (findKey(state, fingerprint)) throw new Refusal(422, 'SSH Key is already in use on your account');
    const key = { id: state.nextNumber(), name: asked.name, fingerprint, publicKey: asked.public_key };
    state.keys.set(key.id, key);
    c.set('did', `added SSH key ${key.name} (${fingerprint})`);
    return c.json({ ssh_key: show(key) }, 201);
  });
  app.get('/:id', (c) => {
    const key = find(c.req.param('id'));
    c.set('did', `showed SSH key ${key.name}`);
    return c.json({ ssh_key: show(key) });
  });
  app.put('/:id', async (c) => {
    const key = find(c.req.param('id'));
    const { name = key.name } = await body(c, UPDATE);
    key.name = name;
    c.set('did', `renamed SSH key ${key.id} to ${key.name}`);
    return c.json({ ssh_key: show(key) });
  });
  app.delete('/:id', (c) => {
    const key = find(c.req.param('id'));
    state.keys.delete(key.id);
    c.set('did', `removed SSH key ${key.name}`);
    return c.body(null, 204);
  });
  return app;
}

function show({ id, name, fingerprint, publicKey }: AccountKey) {
  return { id, name, fingerprint, public_key: publicKey };
}

/** DigitalOcean's fingerprint: the MD5 of the key's bytes. Throws Refusal for an invalid key. */
function fingerprintOf(publicKey: string): string {
  const [type = '', data = ''] = publicKey.trim().split(/\s+/);
  const bytes = Buffer.from(data, 'base64');
  // The bytes begin with the length of the type's name, and the name.
  const named = bytes.length > 4 ? bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString('latin1') : '';
  if (!/^(ssh-|ecdsa-|sk-)/.test(type) || named !== type) {
    throw new Refusal(422, 'Key invalid type, we support ssh-rsa, ssh-dss, ssh-ed25519 and ecdsa keys');
  }
  return (createHash('md5').update(bytes).digest('hex').match(/../g) ?? []).join(':');
}
