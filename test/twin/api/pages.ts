import type { Context } from 'hono';
import { z } from 'zod';
import { query } from './strict.ts';

const NUMBER = z.string().regex(/^\d+$/, 'is not a number').transform(Number);

/** The parameters of every list. */
export const PAGE = {
  page: NUMBER.refine((page) => page >= 1, 'begins with 1').optional(),
  per_page: NUMBER.refine((count) => count >= 1 && count <= 200, 'is between 1 and 200').optional(),
};

/** One page of a list in DigitalOcean's form: `links` lead to the others, `meta.total` counts all. */
export function page<T>(c: Context, key: string, items: readonly T[], { filters = [] as string[] } = {}) {
  const shape = Object.fromEntries(filters.map((name) => [name, z.string().optional()]));
  const { page = 1, per_page: size = 20 } = query(c, { ...shape, ...PAGE });
  const last = Math.max(1, Math.ceil(items.length / size));
  const link = (to: number) => {
    const url = new URL(c.req.url);
    url.searchParams.set('page', String(to));
    url.searchParams.set('per_page', String(size));
    return url.href;
  };
  const pages = {
    ...(page > 1 ? { first: link(1), prev: link(page - 1) } : {}),
    ...(page < last ? { next: link(page + 1), last: link(last) } : {}),
  };
  return {
    [key]: items.slice((page - 1) * size, page * size),
    links: Object.keys(pages).length > 0 ? { pages } : {},
    meta: { total: items.length },
  };
}
