import type { Document } from './description.ts';

interface Amendment {
  /** The way to what is set, by keys. */
  readonly at: readonly string[];
  readonly value: unknown;
  readonly why: string;
}

const SCHEMAS = ['components', 'schemas'];

/** Where the real API keeps to something else than its description says. */
export const AMENDMENTS: readonly Amendment[] = [
  {
    at: [...SCHEMAS, 'inbound_rules_items', 'required'],
    value: ['protocol'],
    why: 'ICMP has no ports, and DigitalOcean’s own client (godo) sends none',
  },
  {
    at: [...SCHEMAS, 'alerts_items_2', 'properties', 'comparison', 'enum'],
    value: ['greater_than', 'less_than', ''],
    why: 'an alert that something is down compares nothing, and godo sends an empty text',
  },
  {
    at: [
      'paths',
      '/v2/uptime/checks',
      'post',
      'requestBody',
      'content',
      'application/json',
      'schema',
      'required',
    ],
    value: ['name', 'target', 'regions', 'type', 'enabled'],
    why: 'it also asks for a `method`, which it has no field for; godo has none either',
  },
];

/** A document with the amendments in it. Throws for one that leads nowhere. */
export function amended(document: Document, amendments = AMENDMENTS): Document {
  const result = structuredClone(document);
  for (const { at, value } of amendments) {
    const last = at.at(-1) ?? '';
    // biome-ignore lint/suspicious/noExplicitAny: a way through any JSON
    const parent = at.slice(0, -1).reduce((inner: any, key) => inner?.[key], result);
    if (parent?.[last] === undefined) throw new Error(`the description has no ${at.join(' / ')}`);
    parent[last] = value;
  }
  return result;
}
