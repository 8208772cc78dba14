import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** A key of Redis and its content. In a sorted set a score follows each member. */
interface Entry {
  readonly key: string;
  readonly type: 'string' | 'hash' | 'list' | 'set' | 'zset';
  readonly value: readonly string[];
  /** Milliseconds; -1 without an expiry. */
  readonly ttl: number;
}

/** Keys in one read. */
const PAGE = 500;
/** How long an import is remembered: longer than an operator repeats it. */
const REMEMBERED_SECONDS = 30 * 86_400;

/**
 * Keys that are useless or wrong on another host: locks of running jobs, markers that wake workers, events, and BullMQ's counters, which it does not need,
 * because jobs have ids of their own.
 */
const NOT_COPIED = /:lock$|:lock:|:(stalled|stalled-check|events|meta|marker|limiter|id|pc)$|:handover:/;
/** BullMQ's lists and sorted sets of jobs. */
const JOB_LISTS = /:(wait|active|paused|delayed|prioritized|waiting-children|completed|failed)$/;

/** The queue as text: a line for each key, and a last line that shows that none is missing. */
export async function exportQueue(redis: Redis): Promise<string> {
  const found = new Set<string>();
  for await (const page of redis.scanStream({ match: 'oven:*', count: PAGE })) {
    for (const key of page as string[]) if (!NOT_COPIED.test(key)) found.add(key);
  }
  const entries: Entry[] = [];
  for (const key of [...found].sort()) {
    const entry = await read(redis, key);
    if (entry !== undefined) entries.push(entry);
  }
  const lines = entries.map((entry) => JSON.stringify(entry));
  return `${[...lines, JSON.stringify({ end: entries.length, id: idOf(entries) })].join('\n')}\n`;
}

/**
 * Adds a queue to this host's queue, all of it or nothing. Jobs of this host stay as they are. The same queue is added once: a tape that was taken
 * over, baked and forgotten does not come back. Returns the number of added jobs. Throws for an incomplete text.
 */
export async function importQueue(redis: Redis, lines: string): Promise<number> {
  const parsed = lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry & { end?: number; id?: string });
  const last = parsed.pop();
  if (last?.end !== parsed.length || last.id !== idOf(parsed)) throw new Error('The queue came incomplete.');
  const done = `oven:handover:${last.id}`;
  await redis.watch(done);
  if (await redis.exists(done)) {
    await redis.unwatch();
    return 0;
  }
  const here = await jobsHere(redis, parsed);
  const all = redis.multi().set(done, '1', 'EX', REMEMBERED_SECONDS);
  const woken = new Set<string>();
  for (const entry of parsed) {
    const queue = JOB_LISTS.exec(entry.key) && entry.key.slice(0, entry.key.lastIndexOf(':'));
    if (queue) woken.add(queue);
    // A job's further keys are its key and one more word.
    else if (here.has(entry.key) || here.has(entry.key.slice(0, entry.key.lastIndexOf(':')))) continue;
    add(all, entry, (member) => here.has(`${queue}:${member}`));
  }
  // The marker wakes sleeping workers.
  for (const queue of woken) all.zadd(`${queue}:marker`, 0, '0');
  const results = await all.exec();
  if (results === null) throw new Error('Another import is under way.');
  const fault = results.find(([error]) => error)?.[0];
  if (fault) throw fault;
  return parsed.filter((entry) => isJob(entry) && !here.has(entry.key)).length;
}

/**
 * Moves a queue to another Redis and empties the one that it leaves. Returns the number of moved jobs. Throws when another process still uses
 * the queue: what that one adds would be lost. After an interruption the same call completes it.
 */
export async function moveQueue(from: Redis, to: Redis, patienceSeconds = 120): Promise<number> {
  const end = performance.now() + patienceSeconds * 1000;
  while ((await otherClients(from)) > 0) {
    if (performance.now() >= end)
      throw new Error('A process still uses the queue, which therefore stays where it is.');
    await wait(1000);
  }
  const moved = await importQueue(to, await exportQueue(from));
  await from.flushdb();
  return moved;
}

async function otherClients(redis: Redis): Promise<number> {
  const own = `id=${await redis.client('ID')} `;
  const lines = String(await redis.client('LIST'))
    .trim()
    .split('\n');
  return lines.filter((line) => !line.startsWith(own)).length;
}

/** The host's own address for outgoing connections, which is not the reserved address. */
export async function ownAddress(): Promise<string> {
  const socket = createSocket('udp4');
  try {
    // This sends nothing: the kernel only chooses a route, as for any distant address.
    socket.connect(9, '192.0.2.1');
    await once(socket, 'connect');
    return socket.address().address;
  } finally {
    socket.close();
  }
}

/** A job is a hash that has data and the time when it was added. */
function isJob({ type, value }: Entry): boolean {
  const fields = value.filter((_field, index) => index % 2 === 0);
  return type === 'hash' && fields.includes('data') && fields.includes('timestamp');
}

async function jobsHere(redis: Redis, entries: readonly Entry[]): Promise<Set<string>> {
  const here = new Set<string>();
  for (const { key } of entries.filter(isJob)) if (await redis.exists(key)) here.add(key);
  return here;
}

/** Adds one key. Active jobs wait again. A list of BullMQ has the oldest jobs last, so the added jobs go to the end. */
function add(
  all: ReturnType<Redis['multi']>,
  { key, type, value, ttl }: Entry,
  isHere: (member: string) => boolean,
): void {
  if (type === 'string') {
    if (ttl > 0) all.set(key, value[0]!, 'PX', ttl, 'NX');
    else all.setnx(key, value[0]!);
    return;
  }
  if (type === 'hash') for (const [field, content] of pairs(value)) all.hsetnx(key, field, content);
  if (type === 'set') all.sadd(key, ...value);
  if (type === 'zset') {
    for (const [member, score] of pairs(value)) if (!isHere(member)) all.zadd(key, 'NX', score, member);
  }
  if (type === 'list') {
    const members = value.filter((member) => !isHere(member));
    if (members.length > 0) all.rpush(key.replace(/:(active|paused)$/, ':wait'), ...members);
  }
  if (ttl > 0) all.pexpire(key, ttl, 'NX');
}

function pairs(list: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  for (let index = 0; index < list.length; index += 2) found.push([list[index]!, list[index + 1]!]);
  return found;
}

async function read(redis: Redis, key: string): Promise<Entry | undefined> {
  const type = await redis.type(key);
  const ttl = await redis.pttl(key);
  const value = await contentOf(redis, key, type);
  // The key is gone meanwhile, or has a type that the queue does not use.
  return value === undefined ? undefined : { key, type: type as Entry['type'], value, ttl };
}

async function contentOf(redis: Redis, key: string, type: string): Promise<string[] | undefined> {
  switch (type) {
    case 'string': {
      const value = await redis.get(key);
      return value === null ? undefined : [value];
    }
    case 'hash':
      return Object.entries(await redis.hgetall(key)).flat();
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, '0', '-1', 'WITHSCORES');
    default:
      return undefined;
  }
}

/** The identity of a queue's content, whenever it was printed. */
function idOf(entries: readonly Entry[]): string {
  const content = entries.map(({ key, type, value }) => [
    key,
    type,
    type === 'set' ? [...value].sort() : value,
  ]);
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 32);
}

if (import.meta.main) {
  const [action, path, authority] = process.argv.slice(2);
  try {
    if (action === 'give' || action === 'take') await move(action, path!, authority!);
    else if (action === 'address') process.stdout.write(`${await ownAddress()}\n`);
    else await withRedis(path!, action === 'export' ? printQueue : readQueue);
  } catch (error) {
    process.stderr.write(`oven: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}

/** Moves the queue to the queue host or back. Its URL comes on stdin. */
async function move(action: 'give' | 'take', path: string, authority: string): Promise<void> {
  const own = new Redis({ path, maxRetriesPerRequest: 3 });
  const url = (await text(process.stdin)).trim();
  const tls = url.startsWith('rediss:') ? { tls: { ca: readFileSync(authority) } } : {};
  const host = new Redis(url, { ...tls, maxRetriesPerRequest: 3 });
  for (const redis of [own, host]) redis.on('error', () => {});
  try {
    const moved = await (action === 'give' ? moveQueue(own, host) : moveQueue(host, own));
    process.stdout.write(`oven: ${moved} jobs moved\n`);
  } finally {
    own.disconnect();
    host.disconnect();
  }
}

async function withRedis(path: string, work: (redis: Redis) => Promise<void>): Promise<void> {
  const redis = new Redis({ path, maxRetriesPerRequest: 3 });
  redis.on('error', () => {});
  try {
    await work(redis);
  } finally {
    redis.disconnect();
  }
}

async function printQueue(redis: Redis): Promise<void> {
  process.stdout.write(await exportQueue(redis));
}

async function readQueue(redis: Redis): Promise<void> {
  process.stderr.write(`oven: ${await importQueue(redis, await text(process.stdin))} jobs taken over\n`);
}
