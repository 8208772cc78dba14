/** The hosts of a queue: each reports itself every few seconds, for the dashboard and `GET /admin/hosts`. */
import { keys, type Store } from './store.ts';

export interface HostReport {
  readonly name: string;
  readonly release: string;
  /** `draining`: it takes no tapes; `paused`: its bakes wait for a fault. */
  readonly state: 'serving' | 'draining' | 'paused';
  /** Why it is paused. */
  readonly reason?: { readonly code: string; readonly message: string } | undefined;
  /** Of the disk of TEMP_DIR. */
  readonly freeBytes?: number | undefined;
  readonly totalBytes?: number | undefined;
  /** Jobs that run there now. */
  readonly bakes: number;
  readonly callbacks: number;
  /** In milliseconds since 1970, by the host's own clock. */
  readonly at: number;
}

export const HEARTBEAT_MS = 5000;
/** A host without a sign of life for so long is left out. */
const EXPIRE_SECONDS = 20;

export async function writeHost({ redis, prefix }: Store, report: HostReport): Promise<void> {
  await Promise.all([
    redis.sadd(keys.hosts(prefix), report.name),
    redis.set(keys.host(prefix, report.name), JSON.stringify(report), 'EX', EXPIRE_SECONDS),
  ]);
}

/** Takes a host out that ends. */
export async function removeHost({ redis, prefix }: Store, name: string): Promise<void> {
  await Promise.all([redis.srem(keys.hosts(prefix), name), redis.del(keys.host(prefix, name))]);
}

/** The hosts that live, by name. */
export async function listHosts({ redis, prefix }: Store): Promise<HostReport[]> {
  const names = (await redis.smembers(keys.hosts(prefix))).sort();
  if (names.length === 0) return [];
  const texts = await redis.mget(names.map((name) => keys.host(prefix, name)));
  const gone = names.filter((_name, n) => texts[n] === null);
  // A list is right without this write, which a full Redis refuses; a host that lives enters its name again.
  if (gone.length > 0) redis.srem(keys.hosts(prefix), gone).catch(() => {});
  return texts.flatMap((text) =>
    text === null || text === undefined ? [] : [JSON.parse(text) as HostReport],
  );
}
