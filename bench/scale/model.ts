/** What several hosts on one queue can do, from measured costs. Pure. */

/** Measured by bench/scale.ts, or taken from where `npm run bench:service` wrote it. */
export interface Costs {
  /** Bakes a minute of one host, and how many it runs at once. */
  readonly bakesPerMinute: number;
  readonly concurrency: number;
  /** Redis' processor milliseconds for a tape, from POST to the delivered callback, and a second of a host that idles. */
  readonly redisMsPerTape: number;
  readonly redisMsPerIdleSecond: number;
  /** Requests to the bucket of videos that write or ask, for each tape. */
  readonly bucketRequestsPerTape: number;
  /** Connections to the load balancer for each tape: the POST, and what callers ask for its status. */
  readonly requestsPerTape: number;
}

/** Of others, with their sources in docs/scale.md. */
export interface Limits {
  /** Share of Redis' one thread that may be used, so that answers stay quick. */
  readonly redisShare: number;
  readonly bucketRequestsPerSecond: number;
  readonly balancerRequestsPerSecond: number;
  /** Callbacks a second that the site takes. */
  readonly callbacksPerSecond: number;
}

/** US dollars a month. */
export interface Prices {
  readonly host: number;
  readonly queueHost: number;
  readonly balancer: number;
}

export interface Row {
  readonly hosts: number;
  /** Tapes a minute at which every host bakes all the time. */
  readonly tapesPerMinute: number;
  /** Share of each limit that is used then. */
  readonly used: {
    readonly queue: number;
    readonly bucket: number;
    readonly balancer: number;
    readonly callbacks: number;
  };
  /** Mean seconds that a tape waits, with hosts that are busy for 50, 80 and 95 % of the time. */
  readonly waits: readonly number[];
  readonly monthly: number;
  /** Dollars for 1,000 tapes with hosts that are busy for 50 % of the time. */
  readonly perThousand: number;
}

export const UTILISATIONS = [0.5, 0.8, 0.95] as const;
const MONTH_MINUTES = 730 * 60;

export function scale(hosts: number, costs: Costs, limits: Limits, prices: Prices): Row {
  const perMinute = hosts * costs.bakesPerMinute;
  const perSecond = perMinute / 60;
  const redisMs = perSecond * costs.redisMsPerTape + hosts * costs.redisMsPerIdleSecond;
  const servers = hosts * costs.concurrency;
  const seconds = (60 * costs.concurrency) / costs.bakesPerMinute;
  const monthly = hosts * prices.host + (hosts > 1 ? prices.queueHost + prices.balancer : 0);
  return {
    hosts,
    tapesPerMinute: perMinute,
    used: {
      queue: redisMs / 1000 / limits.redisShare,
      bucket: (perSecond * costs.bucketRequestsPerTape) / limits.bucketRequestsPerSecond,
      balancer: (perSecond * costs.requestsPerTape) / limits.balancerRequestsPerSecond,
      callbacks: perSecond / limits.callbacksPerSecond,
    },
    waits: UTILISATIONS.map((share) => meanWait(servers, share, seconds)),
    monthly,
    perThousand: (1000 * monthly) / (0.5 * perMinute * MONTH_MINUTES),
  };
}

/** The number of hosts at which a limit is reached. */
export function hostsAt(part: keyof Row['used'], costs: Costs, limits: Limits): number {
  const one = scale(1, costs, limits, { host: 0, queueHost: 0, balancer: 0 });
  return Math.floor(1 / one.used[part]);
}

/**
 * Mean seconds in the queue of M/M/c (Erlang C): tapes come at random, and take random times around `seconds`. `share`: how busy the
 * `servers` are, below 1.
 */
export function meanWait(servers: number, share: number, seconds: number): number {
  const load = servers * share;
  let blocked = 1; // Erlang B by its recursion
  for (let n = 1; n <= servers; n += 1) blocked = (load * blocked) / (n + load * blocked);
  const waits = blocked / (1 - share * (1 - blocked));
  return (waits * seconds) / (servers - load);
}
