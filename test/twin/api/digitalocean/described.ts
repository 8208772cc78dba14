import type { Context, MiddlewareHandler } from 'hono';
import { digitaloceanError, Refusal } from '../refusal.ts';
import type { Env } from '../world.ts';
import { amended } from './description/amendments.ts';
import { type Description, describe, readDocument } from './description/description.ts';

/** DigitalOcean's description as the real API keeps to it. */
export const description: Description = describe(amended(readDocument()));

/**
 * Holds every call against DigitalOcean's own description: a body that it does not allow is refused with 422, and an answer
 * that it does not allow becomes a 500, which no client takes for one.
 */
export const described: MiddlewareHandler<Env> = async (c, next) => {
  const operation = description(c.req.method, c.req.path);
  const sent = operation && (await json(c));
  const refused = sent === undefined ? [] : operation?.request(nullsAsLists(sent));
  if (refused?.length) throw new Refusal(422, refused.join('; '));
  await next();
  const text = await c.res.clone().text();
  const wrong = operation?.response(c.res.status, text === '' ? undefined : JSON.parse(text));
  if (!wrong?.length) return;
  const message = `the twin's answer is not as described: ${wrong.join('; ')}`;
  c.set('did', message);
  c.res = new Response(JSON.stringify(digitaloceanError(500, message)), {
    status: 500,
    headers: { 'content-type': 'application/json' },
  });
};

async function json(c: Context<Env>): Promise<unknown> {
  if (c.req.method === 'GET') return undefined;
  try {
    return JSON.parse(await c.req.text());
  } catch {
    // The route itself reports an invalid body.
    return undefined;
  }
}

/**
 * DigitalOcean's client is written in Go, which writes an empty list as null; the description does not allow that everywhere.
 * Nothing else in a request may be null.
 */
export function nullsAsLists(value: unknown): unknown {
  if (value === null) return [];
  if (Array.isArray(value)) return value.map(nullsAsLists);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value as object).map(([key, one]) => [key, nullsAsLists(one)]));
}
