import { CHANGES } from '../deploy/trees.ts';
import { until } from '../rig/until.ts';
import type { TwinHost } from '../twin/host/host.ts';
import { changesOf, tallyOf } from './events.ts';
import { ADDRESSES, DROPLET } from './names.ts';
import { calledBack, reaches, releaseSeen, type Stage } from './stage.ts';
import { about, bringUp, type Came, destroy, failures, none, type Step, serves } from './steps.ts';

const NODES = 2;

/** The life of a stack with several hosts, in its order. */
export const SEVERAL: readonly Step[] = [
  {
    name: 'nodes-up',
    title: 'two hosts: up, from nothing',
    visited: false,
    needs: 'nothing',
    nodes: NODES,
    run: async (stage) => {
      const ended = await bringUp(stage);
      return about(ended, [...(await serves(stage)), ...(await bothHealthy(stage))]);
    },
  },
  {
    name: 'nodes-bake',
    title: 'two hosts: tapes, through the load balancer',
    visited: true,
    needs: 'host',
    nodes: NODES,
    run: bake,
  },
  {
    name: 'nodes-same',
    title: 'two hosts: up, nothing changed',
    visited: true,
    needs: 'host',
    nodes: NODES,
    run: async ({ engine }) => {
      const ended = await engine.up();
      return about(ended, none(changesOf(ended), 'nothing was to change'));
    },
  },
  {
    name: 'nodes-code',
    title: 'two hosts: up, code changed',
    visited: true,
    needs: 'host',
    nodes: NODES,
    run: async (stage) => {
      const before = await releaseSeen(stage.box);
      await stage.program.become(CHANGES.good);
      const [ended, fewest] = await watched(stage, () => stage.engine.up());
      const came = about(ended, [
        ...((await releaseSeen(stage.box)) === before
          ? ['the release at /health is the one from before']
          : []),
        ...(fewest === 0 ? ['for a while no host was behind the load balancer'] : []),
        ...(await serves(stage)),
        ...(await bothHealthy(stage)),
      ]);
      return { ...came, came: `${came.came}; at least ${fewest} host behind the load balancer` };
    },
  },
  {
    name: 'nodes-broken',
    title: 'two hosts: up, code broken; up, mended',
    visited: true,
    needs: 'host',
    nodes: NODES,
    run: async (stage) => {
      const before = await releaseSeen(stage.box);
      await stage.program.become(CHANGES['does not start']);
      const broken = await stage.engine.up();
      const begun = broken.operations.map(({ what }) => what);
      const after = await releaseSeen(stage.box);
      await stage.program.become(CHANGES.good);
      const mended = await stage.engine.up();
      return {
        came: `refused at the first host; then ${tallyOf(changesOf(mended))}`,
        seen: broken.said,
        problems: [
          ...(broken.exitCode === 0 ? ['a release that does not start was taken'] : []),
          ...(begun.includes('command:remote:Command activate-2') ? ['it reached the second host'] : []),
          ...(after === before ? [] : ['the old release does not serve']),
          ...failures(mended),
          ...(await serves(stage)),
          ...(await bothHealthy(stage)),
        ],
      };
    },
  },
  {
    name: 'nodes-lost',
    title: 'two hosts: one loses power for good; up',
    visited: true,
    needs: 'host',
    nodes: NODES,
    mayLose: true,
    run: async (stage) => {
      const { api, machines } = stage.box;
      const [id, host] = hostNamed(stage, `${DROPLET}-2`);
      await host.cutPower();
      await until('the load balancer has noticed', () => healthyHosts(stage).length === 1, 60);
      await api.byHand('DELETE', `/v2/droplets/${id}`);
      await api.settled();
      await forget(stage, 'drain-2');
      const ended = await stage.engine.up('--refresh');
      const isNew = machines.of(id) === undefined && hostNamed(stage, `${DROPLET}-2`)[0] !== id;
      return about(ended, [
        ...(isNew ? [] : ['the host was not replaced']),
        ...(await serves(stage)),
        ...(await bothHealthy(stage)),
      ]);
    },
  },
  {
    name: 'nodes-queue',
    title: 'two hosts: the queue host reboots',
    visited: true,
    needs: 'host',
    nodes: NODES,
    mayLose: true,
    run: async (stage) => {
      const [, queue] = hostNamed(stage, `${DROPLET}-queue`);
      const begun = performance.now();
      await queue.reboot();
      await until('a healthy release answers', async () => (await releaseSeen(stage.box)) !== undefined, 120);
      const seconds = ((performance.now() - begun) / 1000).toFixed(0);
      return { came: `healthy again after ${seconds} s`, problems: await bothHealthy(stage) };
    },
  },
  {
    name: 'nodes-one',
    title: 'from two hosts to one',
    visited: true,
    needs: 'host',
    nodes: NODES,
    run: (stage) => become(stage, 1),
  },
  {
    name: 'nodes-again',
    title: 'from one host to two',
    visited: true,
    needs: 'host',
    nodes: 1,
    run: (stage) => become(stage, NODES),
  },
  {
    name: 'nodes-destroy',
    title: 'two hosts: destroy',
    visited: false,
    needs: 'host',
    nodes: NODES,
    run: destroy,
  },
];

/** Changes the number of hosts. The first one has to stay the same droplet. */
async function become(stage: Stage, nodes: number): Promise<Came> {
  const [first] = hostNamed(stage, DROPLET);
  await stage.engine.set({ 'oven:nodes': String(nodes) });
  const ended = await stage.engine.up();
  await stage.box.api.settled();
  const { droplets, balancers, reserved } = stage.box.api.state;
  const count = { droplets: droplets.size, balancers: balancers.size, reserved: reserved.size };
  const wanted = nodes === 1 ? [1, 0, 1] : [nodes + 1, 1, 0];
  return about(ended, [
    ...(droplets.has(first) ? [] : ['the first host was replaced']),
    ...(Object.values(count).join() === wanted.join() ? [] : [`there are now: ${JSON.stringify(count)}`]),
    ...(await serves(stage)),
    ...(nodes === 1 ? [] : await bothHealthy(stage)),
    ...none(changesOf(await stage.engine.up()), 'another up was to change nothing'),
  ]);
}

async function bake(stage: Stage): Promise<Came> {
  const { box } = stage;
  const slugs = Array.from({ length: 6 }, (_, index) => `shared-${index}`);
  const answers = await Promise.all(slugs.map((slug) => box.ask('/bake', box.tape(slug))));
  const missing = await calledBack(box, slugs);
  const [balancer] = box.api.state.balancers.values();
  const [, host] = hostNamed(stage, DROPLET);
  const [, queue] = hostNamed(stage, `${DROPLET}-queue`);
  const operator = box.cloud.client;
  const wanted = [
    ['the visitor at the load balancer, 443', await answersTls(stage, balancer!.address!), false],
    ['the visitor at the host, 443', await reaches(box.visitor, host.address, 443), false],
    ['the visitor at the host, 8081', await reaches(box.visitor, host.address, 8081), false],
    ['the visitor at the queue host, 6379', await reaches(box.visitor, queue.address, 6379), false],
    ['the operator at the queue host, 6379', await reaches(operator, queue.address, 6379), false],
    ['the operator at the queue host, 22', await reaches(operator, queue.address, 22), true],
    ['the visitor at the edge, 443', await reaches(box.visitor, ADDRESSES.edge, 443), true],
  ] as const;
  return {
    came: `${answers.map(({ status }) => status).join(', ')}, baked and called back`,
    problems: [
      ...answers.flatMap(({ status, text }) => (status === 202 ? [] : [`POST /bake: ${status} ${text}`])),
      ...missing.map((slug) => `${slug} was not called back`),
      ...wanted.flatMap(([who, is, should]) =>
        is === should ? [] : [`${who}: ${is ? 'let in' : 'kept out'}`],
      ),
    ],
  };
}

/** The load balancer takes a connection before it looks at the peer, so only an answer says that the peer is let in. */
async function answersTls({ box }: Stage, address: string): Promise<boolean> {
  return box.visitor.exec('curl', ['-sSk', '--max-time', '5', `https://${address}/health`]).then(
    () => true,
    () => false,
  );
}

/** Does something, and says how many hosts the load balancer gave connections to at the least. */
async function watched<T>(stage: Stage, work: () => Promise<T>): Promise<[T, number]> {
  let fewest = healthyHosts(stage).length;
  const timer = setInterval(() => {
    fewest = Math.min(fewest, healthyHosts(stage).length);
  }, 100);
  try {
    return [await work(), fewest];
  } finally {
    clearInterval(timer);
  }
}

function healthyHosts({ box }: Stage): readonly number[] {
  const [id] = box.api.state.balancers.keys();
  return id === undefined ? [] : box.machines.healthy(id);
}

async function bothHealthy(stage: Stage): Promise<readonly string[]> {
  const isWell = () => healthyHosts(stage).length === NODES;
  return until('both hosts are behind the load balancer', isWell, 60).then(
    () => [],
    () => [`behind the load balancer: ${healthyHosts(stage).join() || 'nobody'}`],
  );
}

function hostNamed({ box }: Stage, name: string): [id: number, host: TwinHost] {
  const droplet = [...box.api.state.droplets.values()].find((one) => one.name === name && !one.leaving);
  const host = droplet && box.machines.of(droplet.id);
  if (host === undefined) throw new Error(`there is no host ${name}`);
  return [droplet!.id, host];
}

/** The first step of the docs for a lost host: it can't be drained. */
async function forget({ engine }: Stage, name: string): Promise<void> {
  const urns = await engine.run('stack', '--show-urns', '--stack', 'rehearsal');
  const urn = new RegExp(`urn:\\S+::${name}\\b(?!-)`).exec(urns)?.[0];
  if (urn === undefined) throw new Error(`the stack has no ${name}`);
  await engine.run('state', 'delete', urn, '--target-dependents', '--yes', '--stack', 'rehearsal');
}
