import type { Context } from 'hono';
import { z } from 'zod';
import { PAGE } from '../pages.ts';
import { query } from '../strict.ts';

/** What Cloudflare puts around every answer. */
export function result<T>(value: T) {
  return { success: true, errors: [], messages: [], result: value };
}

/** One page of a list. */
export function paged<T>(c: Context, items: readonly T[], filters: readonly string[] = []) {
  const shape = Object.fromEntries(filters.map((name) => [name, z.string().optional()]));
  const { page = 1, per_page: size = 100 } = query(c, { ...shape, ...PAGE });
  const part = items.slice((page - 1) * size, page * size);
  const info = { page, per_page: size, count: part.length, total_count: items.length };
  return { ...result(part), result_info: { ...info, total_pages: Math.ceil(items.length / size) } };
}
