import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { cached } from '../lib/cached.ts';
import { waitAtMost } from '../lib/deadline.ts';
import type { DiskMonitor } from './disk.ts';

export interface ProbeOptions {
  readonly ping: () => Promise<void>;
  readonly disk: DiskMonitor;
  /** What the workers found that this machine lacks for baking. */
  readonly hostFault?: () => Reason | undefined;
  /** Folders that programs are looked for in, as in PATH. */
  readonly path?: string | undefined;
  /** An answer is good for so many milliseconds. */
  readonly everyMs?: number;
  /**
   * Milliseconds that Redis may take: it answers nobody while it waits for its disk, and who brings a tape then waits too and is served. Less than
   * those who watch /health wait for it.
   */
  readonly pingMs?: number;
}

/** What keeps this service from baking; nothing when it is healthy. However many ask, the machine is looked at once a second. */
export function openProbes(options: ProbeOptions): () => Promise<readonly Reason[]> {
  const { ping, disk, hostFault = () => undefined, everyMs = 1000, pingMs = 3000 } = options;
  const path = () => options.path ?? process.env.PATH ?? '';
  const findEncoder = cached(10 * everyMs, () => isSomewhere('ffmpeg', path().split(delimiter)));
  return cached(everyMs, async () => {
    const [hasRedis, isShort, hasEncoder] = await Promise.all([
      waitAtMost(pingMs, succeeds(ping()), () => false),
      disk.isShort(),
      findEncoder(),
    ]);
    const fault = hostFault();
    return [
      ...(hasRedis ? [] : [{ code: 'REDIS', message: 'Redis does not answer.' }]),
      ...(isShort ? [{ code: 'DISK', message: 'There is too little room on the disk.' }] : []),
      ...(hasEncoder ? [] : [{ code: 'FFMPEG_MISSING', message: 'There is no ffmpeg on the PATH.' }]),
      ...(fault ? [{ code: fault.code, message: fault.message }] : []),
    ];
  });
}

/** Whether `work` succeeds. */
function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

async function isSomewhere(name: string, folders: readonly string[]): Promise<boolean> {
  for (const folder of folders.filter(Boolean)) {
    if (await succeeds(access(join(folder, name), constants.X_OK))) return true;
  }
  return false;
}

/** Something that is not as it should be, in words that anybody may read. */
export interface Reason {
  readonly code: string;
  readonly message: string;
}
