import { isIPv4, isIPv6 } from 'node:net';
import { Hono } from 'hono';
import { z } from 'zod';
import { Refusal } from '../refusal.ts';
import type { DnsRecord } from '../state.ts';
import { body } from '../strict.ts';
import type { Env, World } from '../world.ts';
import { paged, result } from './envelope.ts';

/** Cloudflare's word for "as it likes". */
const AUTOMATIC = 1;

/** What a record may be told of its proxy; empty in every change that the real provider sends. */
const SETTINGS = z.strictObject({
  ipv4_only: z.boolean().optional(),
  ipv6_only: z.boolean().optional(),
  flatten_cname: z.boolean().optional(),
});

const RECORD = z.strictObject({
  type: z.enum(['A', 'AAAA', 'CNAME', 'TXT']),
  name: z.string().min(1),
  content: z.string().min(1),
  ttl: z.number().int().default(AUTOMATIC),
  proxied: z.boolean().default(false),
  comment: z.string().max(100).nullish(),
  tags: z.array(z.string()).max(0, 'this plan has no tags').optional(),
  settings: SETTINGS.optional(),
});
const CHANGE = z.strictObject({
  type: RECORD.shape.type.optional(),
  name: z.string().min(1).optional(),
  content: z.string().min(1).optional(),
  ttl: z.number().int().optional(),
  proxied: z.boolean().optional(),
  comment: z.string().max(100).nullish(),
  tags: RECORD.shape.tags,
  settings: RECORD.shape.settings,
});

type Fields = Pick<DnsRecord, 'type' | 'name' | 'content' | 'ttl' | 'proxied'>;

/** The zone's names. What is answered can be looked up. */
export function records(world: World) {
  const { state } = world;
  const { zone } = state;
  const app = new Hono<Env>();
  const find = (id: string | undefined) => {
    const record = state.records.get(id ?? '');
    if (!record) throw new Refusal(404, 'Record does not exist.', 81044);
    return record;
  };
  const checked = (asked: Fields, but?: DnsRecord): Fields => {
    // The real API also takes a name outside the zone as relative to the zone.
    const given = asked.name === '@' ? zone.name : asked.name.toLowerCase().replace(/\.$/, '');
    const name = given === zone.name || given.endsWith(`.${zone.name}`) ? given : `${given}.${zone.name}`;
    checkContent(asked);
    const others = [...state.records.values()].filter((one) => one !== but && one.name === name);
    if (others.some(({ type, content }) => type === asked.type && content === asked.content)) {
      throw new Refusal(400, 'An identical record already exists.', 81058);
    }
    const clash = (type: string) => ['A', 'AAAA', 'CNAME'].includes(type);
    if (
      clash(asked.type) &&
      others.some(({ type }) => clash(type) && (type === 'CNAME' || asked.type === 'CNAME'))
    ) {
      throw new Refusal(400, 'An A, AAAA, or CNAME record with that host already exists.', 81053);
    }
    return { ...asked, name, ttl: asked.proxied ? AUTOMATIC : asked.ttl };
  };
  const show = (record: DnsRecord) => {
    const { id, name, type, content, proxied, ttl, comment, tags } = record;
    return {
      id,
      name,
      type,
      content,
      proxiable: type !== 'TXT',
      proxied,
      ttl,
      settings: {},
      meta: {},
      comment,
      tags,
      created_on: record.createdOn.toISOString(),
      modified_on: record.modifiedOn.toISOString(),
    };
  };
  const words = ({ type, name, content, proxied }: Fields) =>
    `${type} ${name} → ${content}${proxied ? ', behind Cloudflare' : ''}`;

  app.get('/', (c) => {
    const found = [...state.records.values()].filter((record) =>
      (['type', 'name', 'content'] as const).every((key) =>
        [undefined, record[key]].includes(c.req.query(key)),
      ),
    );
    c.set('did', `listed ${found.length} records`);
    return c.json(paged(c, found.map(show), ['type', 'name', 'content']));
  });
  app.post('/', async (c) => {
    const asked = await body(c, RECORD, 400);
    const now = world.now();
    const { comment = null, tags = [] } = asked;
    const times = { createdOn: now, modifiedOn: now };
    const record: DnsRecord = { id: state.nextHex(), ...asked, ...checked(asked), comment, tags, ...times };
    state.records.set(record.id, record);
    await world.name();
    c.set('did', `made record ${words(record)}`);
    return c.json(result(show(record)));
  });
  app.get('/:id', (c) => {
    const record = find(c.req.param('id'));
    c.set('did', `showed record ${words(record)}`);
    return c.json(result(show(record)));
  });
  for (const method of ['PUT', 'PATCH'] as const) {
    app.on(method, '/:id', async (c) => {
      const record = find(c.req.param('id'));
      const asked = method === 'PUT' ? await body(c, RECORD, 400) : await body(c, CHANGE, 400);
      const { type, name, content, ttl, proxied } = record;
      const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
      const next = checked({ type, name, content, ttl, proxied, ...given } as Fields, record);
      const comment =
        asked.comment === undefined && method === 'PATCH' ? record.comment : (asked.comment ?? null);
      Object.assign(record, next, { comment, modifiedOn: world.now() });
      await world.name();
      c.set('did', `changed record ${words(record)}`);
      return c.json(result(show(record)));
    });
  }
  app.delete('/:id', async (c) => {
    const record = find(c.req.param('id'));
    state.records.delete(record.id);
    await world.name();
    c.set('did', `removed record ${words(record)}`);
    return c.json(result({ id: record.id }));
  });
  return app;
}

function checkContent({ type, content, ttl, proxied }: Fields): void {
  if (type === 'A' && !isIPv4(content))
    throw new Refusal(400, 'Content for A record must be a valid IPv4 address.', 9005);
  if (type === 'AAAA' && !isIPv6(content)) {
    throw new Refusal(400, 'Content for AAAA record must be a valid IPv6 address.', 9006);
  }
  if (type === 'CNAME' && !z.hostname().safeParse(content).success) {
    throw new Refusal(400, 'Content for CNAME record is invalid.', 9007);
  }
  if (proxied && type === 'TXT') throw new Refusal(400, 'This record type cannot be proxied.', 9004);
  if (ttl !== AUTOMATIC && (ttl < 60 || ttl > 86_400)) {
    throw new Refusal(400, 'Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.', 9021);
  }
}
