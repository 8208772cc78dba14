/** GET /health: whether this service can bake. */
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ERRORS, isOfHost, type RedisCode } from '../errors.ts';
import { cached } from '../lib/cached.ts';
import { waitAtMost } from '../lib/deadline.ts';
import { redisCodeOf } from '../queue/redis-faults.ts';
import type { DiskMonitor } from './disk.ts';

export interface ProbeOptions {
  /** Writes to Redis. */
  readonly checkQueue: () => Promise<void>;
  readonly disk: DiskMonitor;
  /** A host fault that the workers or the self-check found. */
  readonly fault?: () => Reason | undefined;
  /** Folders of programs, as in PATH. */
  readonly path?: string | undefined;
  /** Milliseconds that an answer is good for. */
  readonly everyMs?: number;
  /**
   * Milliseconds that Redis may take to answer. It answers no request while it waits for its disk, and a tape that is sent then is
   * accepted a little later. Less than the timeout of the checks that request /health.
   */
  readonly queueMs?: number;
}

/** The reasons why this service can't bake; none if it is healthy. Callers share one check of the host a second. */
export function openProbes(options: ProbeOptions): () => Promise<readonly Reason[]> {
  const { checkQueue, disk, fault = () => undefined, everyMs = 1000, queueMs = 3000 } = options;
  const findEncoder = cached(10 * everyMs, () => hasProgram('ffmpeg', options.path));
  return cached(everyMs, async () => {
    const [ofRedis, isShort, hasEncoder] = await Promise.all([
      redisReason({ checkWrite: checkQueue }, queueMs),
      disk.isShort(),
      findEncoder(),
    ]);
    const found = fault();
    return [
      ...(ofRedis ? [ofRedis] : []),
      ...(isShort ? [reasonOf('DISK')] : []),
      ...(hasEncoder ? [] : [reasonOf('FFMPEG_MISSING')]),
      ...(found && (hasEncoder || found.code !== 'FFMPEG_MISSING')
        ? [{ code: found.code, message: found.message }]
        : []),
    ];
  });
}

function reasonOf(code: 'DISK' | 'FFMPEG_MISSING' | RedisCode): Reason {
  return { code, message: ERRORS[code].message };
}

/** The reasons that are of this process and its host, and not of what other hosts use as well: a balancer asks for them. */
export function ownReasons(reasons: readonly Reason[]): readonly Reason[] {
  return reasons.filter(({ code }) => isOfHost(code));
}

/** Why Redis takes no write within so many milliseconds; undefined if it does. Nothing is taken then, and what runs can not end. */
export function redisReason(queue: { checkWrite(): Promise<void> }, ms = 3000): Promise<Reason | undefined> {
  const check = queue.checkWrite().then(
    () => undefined,
    (error: unknown) => reasonOf(redisCodeOf(error)),
  );
  return waitAtMost<Reason | undefined, Reason>(ms, check, () => reasonOf('REDIS'));
}

/** Whether `work` succeeds. */
function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

/** Whether a program is in one of the folders of PATH. */
export async function hasProgram(name: string, path = process.env.PATH ?? ''): Promise<boolean> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    if (await succeeds(access(join(folder, name), constants.X_OK))) return true;
  }
  return false;
}

/** Why something is unhealthy, in words fit for the public. */
export interface Reason {
  readonly code: string;
  readonly message: string;
}
