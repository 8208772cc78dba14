import type { Context } from 'hono';
import { z } from 'zod';
import { Refusal } from './refusal.ts';

/**
 * The body, which has to be JSON of exactly this shape. Throws Refusal 400 for what is no JSON, 422 for another shape; what is
 * said names fields and never repeats a value, which may be secret.
 */
export async function body<T>(c: Context, schema: z.ZodType<T>, status = 422): Promise<T> {
  const text = await c.req.text();
  if (!/^application\/json\b/.test(c.req.header('content-type') ?? '')) {
    throw new Refusal(400, 'the body has to be application/json');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal(400, 'error parsing request body');
  }
  return shaped(value, schema, status);
}

/** The query, in which nothing but these parameters may be. */
export function query<T extends z.ZodRawShape>(c: Context, shape: T, status = 400) {
  return shaped(c.req.query(), z.strictObject(shape), status);
}

function shaped<T>(value: unknown, schema: z.ZodType<T>, status: number): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  );
  throw new Refusal(status, problems.join('; '));
}

/** A list that may be missing or null, as Go writes an empty one. */
export function list<T extends z.ZodType>(item: T) {
  return z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);
}
