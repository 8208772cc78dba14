/** How requests to Oven's API end: the share of 5xx and of slow answers in the last minutes. */
import type { Reason } from './probes.ts';

export interface RequestLimits {
  /** Seconds that count. */
  readonly windowSeconds: number;
  /** Bad answers, at least, … */
  readonly minBad: number;
  /** … and their share of all. */
  readonly share: number;
  /** A request that takes longer counts as a timeout: callers wait for ten seconds, as a rule. */
  readonly slowMs: number;
}

export const REQUEST_LIMITS: RequestLimits = { windowSeconds: 300, minBad: 3, share: 0.05, slowMs: 5000 };

export interface RequestEnd {
  readonly method: string;
  /** The route that the request matched, such as `/jobs/:id`. */
  readonly route: string;
  readonly status: number;
  /** Whether the status is a fault of Oven's. A drained service answers 503 on purpose. */
  readonly isFault: boolean;
}

export interface Requests {
  /** Notes a request that begins; the returned function notes its end. */
  begin(path: string): (end: RequestEnd) => void;
  /** The reasons why the answers are unhealthy; none if they are healthy. */
  judge(): readonly Reason[];
}

export interface RequestsOptions {
  readonly limits?: RequestLimits;
  /** Called at the end of every request, with its seconds. */
  readonly onEnd?: (end: RequestEnd, seconds: number) => void;
  /** Milliseconds of a clock that is never set. */
  readonly now?: () => number;
}

interface Bucket {
  readonly since: number;
  all: number;
  failed: number;
  slow: number;
}

/** Buckets of a window. */
const BUCKETS = 30;

export function openRequests(options: RequestsOptions = {}): Requests {
  const { limits = REQUEST_LIMITS, onEnd = () => {}, now = () => performance.now() } = options;
  const windowMs = limits.windowSeconds * 1000;
  const active = new Set<{ readonly since: number }>();
  let buckets: Bucket[] = [];

  const bucket = (): Bucket => {
    const time = now();
    const newest = buckets.at(-1);
    if (newest !== undefined && time - newest.since < windowMs / BUCKETS) return newest;
    buckets = buckets.filter(({ since }) => time - since < windowMs);
    const one = { since: time, all: 0, failed: 0, slow: 0 };
    buckets.push(one);
    return one;
  };
  return {
    begin: (path) => {
      const request = { since: now() };
      // What monitors ask is itself the report, and would hide all else among it.
      const counts = !/^\/health(\/|$)/.test(path);
      if (counts) active.add(request);
      return (end) => {
        const ms = now() - request.since;
        onEnd(end, ms / 1000);
        if (!active.delete(request)) return;
        const current = bucket();
        current.all += 1;
        if (ms >= limits.slowMs) current.slow += 1;
        else if (end.isFault) current.failed += 1;
      };
    },
    judge: () => {
      const time = now();
      const recent = buckets.filter(({ since }) => time - since < windowMs);
      const sum = (field: 'all' | 'failed' | 'slow') => recent.reduce((total, one) => total + one[field], 0);
      const hanging = [...active].filter(({ since }) => time - since >= limits.slowMs).length;
      return judgeRequests(
        { all: sum('all') + hanging, failed: sum('failed'), slow: sum('slow') + hanging },
        limits,
      );
    },
  };
}

/** Judges the requests of one window. A slow one that failed counts as slow. */
export function judgeRequests(
  { all, failed, slow }: { readonly all: number; readonly failed: number; readonly slow: number },
  { windowSeconds, minBad, share, slowMs }: RequestLimits,
): readonly Reason[] {
  const bad = failed + slow;
  if (bad < minBad || bad / all < share) return [];
  const message = `Of ${all} requests in the last ${Math.round(windowSeconds / 60)} minutes ${failed} were answered with 5xx, and ${slow} took more than ${slowMs / 1000} s.`;
  return [{ code: 'API_FAILING', message }];
}
