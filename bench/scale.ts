// `npm run bench:scale` measures what a tape costs the queue and how fast 1, 2 and 3 processes of the service bake on this machine, and
// computes from that what many hosts can do. docs/scale.md has its output and what follows from it.
import { parseArgs } from 'node:util';
import { DROPLETS, LOAD_BALANCER, QUEUE_SIZE } from '../infra/costs.ts';
import { describeMachine } from './machine.ts';
import { type Measured, measureHosts } from './scale/hosts.ts';
import { type Costs, hostsAt, type Limits, type Prices, scale, UTILISATIONS } from './scale/model.ts';
import { queueCost } from './scale/queue.ts';
import { renderTable, show } from './table.ts';

const USAGE = `usage: npm run bench:scale -- [PART…] [OPTIONS]
  PART           queue, hosts or model; all of them if none is given
  --count N      tapes for the queue alone (1000)
  --hosts LIST   numbers of processes, with commas (1,2,3)
  --tapes N      tapes of each number (12)
  --rate N       bakes a minute of one host (19.5, bench/SERVICE.md)
  --redis-ms N   Redis' milliseconds for a tape, and --idle-ms N for a second of an idle host, where they are not measured in this run`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    hosts: { type: 'string', default: '1,2,3' },
    count: { type: 'string', default: '1000' },
    tapes: { type: 'string', default: '12' },
    rate: { type: 'string', default: '19.5' },
    'redis-ms': { type: 'string' },
    'idle-ms': { type: 'string' },
    help: { type: 'boolean' },
  },
});
if (values.help || positionals.some((part) => !['queue', 'hosts', 'model'].includes(part))) {
  console.log(USAGE);
  process.exit(values.help ? 0 : 2);
}
const wants = (part: string) => positionals.length === 0 || positionals.includes(part);

/** DigitalOcean's documentation: Spaces of the older kind (500 requests a second for a bucket), one node of a load balancer. */
const LIMITS: Limits = {
  redisShare: 0.5,
  bucketRequestsPerSecond: 500,
  balancerRequestsPerSecond: 10_000,
  callbacksPerSecond: 20,
};
const PRICES: Prices = {
  host: DROPLETS['s-2vcpu-2gb']!,
  queueHost: DROPLETS[QUEUE_SIZE]!,
  balancer: LOAD_BALANCER,
};
/** Seconds of the bake for which a tape writes its progress. */
const BAKE_SECONDS = 4;

console.log(`${await describeMachine()}\n`);
let redisMsPerTape = Number(values['redis-ms'] ?? Number.NaN);
let redisMsPerIdleSecond = Number(values['idle-ms'] ?? Number.NaN);
let bucketRequestsPerTape = 18;

if (wants('queue')) {
  const count = Number(values.count);
  const cost = await queueCost(count, BAKE_SECONDS);
  redisMsPerTape = cost.cpuMs / count;
  const rows = [
    ['commands', show(cost.commands / count, 1)],
    ['processor time, ms', show(redisMsPerTape, 2)],
    ['bytes to Redis', show(cost.bytesIn / count)],
    ['bytes from Redis', show(cost.bytesOut / count)],
    ['bytes appended to its file', show(cost.appended / count)],
    ['bytes of memory until the history is trimmed', show(cost.memory / count)],
  ];
  console.log(
    `The queue, for each of ${count} tapes that bake for ${BAKE_SECONDS} s:\n\n${renderTable(['of Redis', 'a tape'], rows)}\n`,
  );
}
if (wants('hosts')) {
  const measured: Measured[] = [];
  for (const hosts of values.hosts.split(',').map(Number))
    measured.push(await measureHosts(hosts, Number(values.tapes)));
  const [first] = measured;
  const rows = measured.map((one) => [
    String(one.hosts),
    show(one.tapesPerMinute, 1),
    show(one.tapesPerMinute / first!.tapesPerMinute, 2),
    show(one.cpuPerTape, 2),
    show(one.redis.commands / Number(values.tapes)),
    show(one.redis.cpuMs / Number(values.tapes), 1),
    show(one.idle.commands / one.idle.seconds / one.hosts, 1),
    show(one.idle.cpuMs / one.idle.seconds / one.hosts, 2),
    show(one.bucketRequestsPerTape, 1),
  ]);
  const head = [
    'processes',
    'tapes a minute',
    'ratio',
    'processor s a tape',
    'commands a tape',
    'Redis ms a tape',
    'idle: commands a second and host',
    'idle: Redis ms',
    'bucket requests a tape',
  ];
  console.log(`Real processes on this machine, one bake at a time each:\n\n${renderTable(head, rows)}\n`);
  const last = measured.at(-1)!;
  redisMsPerIdleSecond = last.idle.cpuMs / last.idle.seconds / last.hosts;
  bucketRequestsPerTape = last.bucketRequestsPerTape;
}
if (wants('model')) {
  const costs: Costs = {
    ...{ bakesPerMinute: Number(values.rate), concurrency: 2, requestsPerTape: 3 },
    ...{ redisMsPerTape, redisMsPerIdleSecond, bucketRequestsPerTape },
  };
  const percent = (share: number) => `${show(100 * share, 1)} %`;
  const rows = [1, 2, 5, 20, 200].map((hosts) => {
    const row = scale(hosts, costs, LIMITS, PRICES);
    return [
      String(hosts),
      show(row.tapesPerMinute),
      ...row.waits.map((wait) => show(wait, 1)),
      ...Object.values(row.used).map(percent),
      `$${row.monthly}`,
      `$${show(row.perThousand, 2)}`,
    ];
  });
  const waits = UTILISATIONS.map((share) => `waits s, ${100 * share} % busy`);
  const head = [
    'hosts',
    'tapes a minute',
    ...waits,
    'queue',
    'bucket',
    'balancer',
    'callbacks',
    'a month',
    '1,000 tapes',
  ];
  console.log(
    `Computed; shares of each limit when every host bakes all the time:\n\n${renderTable(head, rows)}\n`,
  );
  const parts = ['queue', 'bucket', 'balancer', 'callbacks'] as const;
  console.log(
    `Reached at: ${parts.map((part) => `${part} ${hostsAt(part, costs, LIMITS)} hosts`).join(', ')}.`,
  );
}
