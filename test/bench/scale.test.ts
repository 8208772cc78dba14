import { expect, it } from 'vitest';
import { type Costs, hostsAt, type Limits, meanWait, scale } from '../../bench/scale/model.ts';

const COSTS: Costs = {
  bakesPerMinute: 12,
  concurrency: 2,
  redisMsPerTape: 10,
  redisMsPerIdleSecond: 1,
  bucketRequestsPerTape: 5,
  requestsPerTape: 2,
};
const LIMITS: Limits = {
  redisShare: 0.5,
  bucketRequestsPerSecond: 100,
  balancerRequestsPerSecond: 1000,
  callbacksPerSecond: 10,
};
const PRICES = { host: 18, queueHost: 6, balancer: 12 };

it.each([
  [1, 0.5, 10, 10], // M/M/1: ρS/(1−ρ)
  [1, 0.9, 10, 90],
  [2, 0.5, 10, 10 / 3], // M/M/2: ρ²S/(1−ρ²)
  [2, 0.8, 10, (0.64 * 10) / 0.36],
])(
  '%d servers that are busy for %d of the time, with %d s a tape, have a mean wait of %d s',
  (servers, share, seconds, expected) => {
    expect(meanWait(servers, share, seconds)).toBeCloseTo(expected, 6);
  },
);

it('Waits shrink with the number of hosts, and the price of a tape goes to that of a host alone', () => {
  const rows = [1, 2, 20, 200].map((hosts) => scale(hosts, COSTS, LIMITS, PRICES));
  for (const [n, row] of rows.slice(1).entries()) {
    for (const [m, wait] of row.waits.entries()) expect(wait).toBeLessThan(rows[n]!.waits[m]!);
  }
  expect(rows.map(({ monthly }) => monthly)).toEqual([18, 54, 378, 3618]);
  expect(rows[1]!.perThousand).toBeGreaterThan(rows[0]!.perThousand);
  expect(rows[3]!.perThousand / rows[0]!.perThousand).toBeCloseTo(1.005, 3);
});

it('Each limit is reached at the number of hosts that uses it up', () => {
  // 0.2 tapes a second and host: 2 ms + 1 ms of 500; 1 of 100 requests; 0.4 of 1,000; 0.2 of 10.
  const parts = ['queue', 'bucket', 'balancer', 'callbacks'] as const;
  expect(parts.map((part) => hostsAt(part, COSTS, LIMITS))).toEqual([166, 100, 2500, 50]);
});
