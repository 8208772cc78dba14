/** Whether tapes are taken: `oven drain` stops this host, `oven drain --all` every host of the queue. */
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './lib/cached.ts';
import { waitAtMost } from './lib/deadline.ts';

/** `leaving`: /health/host fails already, and tapes are still taken until a load balancer has noticed. */
export type DrainPhase = 'off' | 'leaving' | 'drained';
export type DrainScope = 'host' | 'all';

export interface DrainOptions {
  /** The host's own drain is a file there, so that a restart does not end it. */
  readonly folder: string;
  /** How many hosts work on the queue. */
  readonly nodes: number;
  /** The drain of all hosts, which Redis keeps. */
  readonly shared: { read(): Promise<boolean>; write(active: boolean): Promise<void> };
  /** Called when this host is to stop or to begin taking jobs; other hosts take them meanwhile. */
  readonly onRest: (rests: boolean) => void;
  readonly onError: (error: Error) => void;
  /** Milliseconds for which tapes are still taken, where there is a load balancer. */
  readonly leaveMs?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface Drain {
  /** Whose drain is on, and how far it is. */
  current(): Promise<{ readonly scope: DrainScope | undefined; readonly phase: DrainPhase }>;
  /** Whether this host takes no jobs, since others do. */
  rests(): boolean;
  /** A drain of all hosts ends this host's own, so that it helps to finish the rest. */
  begin(scope: DrainScope): Promise<void>;
  /** Ends both. */
  end(): Promise<void>;
}

/** Longer than a load balancer takes to leave out a host: that of the stack some 16 s (infra/host/balancer.ts), and 30 s by DigitalOcean's defaults. */
const LEAVE_MS = 35_000;
/** Milliseconds for which the answer of Redis is used again, and that it may take: health checks wait for it. */
const SHARED_MS = 1000;
const ANSWER_MS = 500;
const FILE = 'oven-drained';

export function openDrain(options: DrainOptions): Drain {
  const { folder, nodes, shared, onRest, onError, now = Date.now } = options;
  const leaveMs = nodes > 1 ? (options.leaveMs ?? LEAVE_MS) : 0;
  const file = join(folder, FILE);
  let since = readSince(file);
  let all = false; // what Redis said last
  const readNow = () =>
    waitAtMost(
      ANSWER_MS,
      shared.read().catch(() => all),
      () => all,
    );
  const openShared = () => cached(SHARED_MS, readNow);
  let readShared = openShared();

  const rests = () => since !== undefined && nodes > 1;
  const setHost = async (value: number | undefined) => {
    since = value;
    onRest(rests());
    // On a full disk the drain lasts until the next restart.
    const kept = value === undefined ? rm(file, { force: true }) : writeFile(file, `${value}\n`);
    await kept.catch(onError);
  };
  const setShared = async (active: boolean) => {
    await shared.write(active);
    all = active;
    readShared = openShared();
  };
  return {
    rests,
    current: async () => {
      all = await readShared();
      if (all) return { scope: 'all', phase: 'drained' };
      if (since === undefined) return { scope: undefined, phase: 'off' };
      const passed = now() - since;
      // A clock that was set back does not make it longer.
      const isLeaving = passed >= 0 && passed < leaveMs;
      return { scope: 'host', phase: isLeaving ? 'leaving' : 'drained' };
    },
    begin: async (scope) => {
      if (scope === 'host') {
        if (since === undefined) await setHost(now());
        return;
      }
      await setShared(true);
      if (since !== undefined) await setHost(undefined);
    },
    end: async () => {
      if (since !== undefined) await setHost(undefined);
      await setShared(false);
    },
  };
}

/** Since when this host is drained, in milliseconds since 1970; undefined if it is not. */
function readSince(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    return undefined;
  }
}
