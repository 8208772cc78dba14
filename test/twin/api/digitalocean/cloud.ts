import { Hono } from 'hono';
import { openAuthority } from '../cloudflare/authority.ts';
import { ZONE } from '../examples.ts';
import { memoryHardware, memorySpaces } from '../hardware.ts';
import { type Env, World } from '../world.ts';
import { digitalocean } from './app.ts';

const TOKEN = 'a-token';
const authority = openAuthority();
/** DigitalOcean's part alone, asked without a socket. Every action is done when its call is answered. */
export function openCloud() {
  const world = new World({
    hardware: memoryHardware(),
    authority,
    spaces: memorySpaces(),
    trouble: () => {},
    emails: undefined,
    zone: { ...ZONE, ssl: 'strict', sslModifiedOn: null },
  });
  const app = new Hono<Env>();
  app.use(async (c, next) => {
    c.set('polls', 0);
    await next();
  });
  app.route('/v2', digitalocean(world, TOKEN));
  const ask = async (method: string, path: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await app.request(path, { method, headers, ...sent });
    const text = await answer.text();
    await world.settled();
    return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
  };
  return { world, ask };
}

export type Cloud = ReturnType<typeof openCloud>;
