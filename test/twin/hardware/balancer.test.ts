import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../rig/until.ts';
import { canBootHosts } from '../host/can-boot.ts';
import { removeRun } from '../host/leftovers.ts';
import { openRun, type Run } from '../host/place.ts';
import { type Network, openNetwork } from '../net/network.ts';
import { openSockets, type Sockets } from '../net/sockets.ts';
import { type RunningBalancer, startBalancer } from './balancer.ts';

const reason = canBootHosts();
const HOSTS = { one: '203.0.113.10', two: '203.0.113.11' };
const [PUBLIC, PRIVATE] = ['203.0.113.220', '10.124.250.1'];
const health = { port: 8081, path: '/health', intervalSeconds: 0.05, timeoutSeconds: 1, rise: 2, fall: 2 };

describe.skipIf(reason)(`the load balancer of the twin${reason ? ` (${reason})` : ''}`, () => {
  let run: Run;
  let network: Network;
  let balancer: RunningBalancer;
  const sockets: Record<string, Sockets> = {};
  const isWell: Record<string, boolean> = { one: true, two: false };
  const peers = new Set<string>();

  beforeAll(async () => {
    run = await openRun(removeRun);
    network = await openNetwork(run.id);
    for (const [name, address] of Object.entries(HOSTS)) {
      const open = openSockets(await network.attach(name, address));
      sockets[name] = open;
      await open.serve('0.0.0.0', 443, (incoming, answer) => {
        peers.add(incoming.socket.remoteAddress ?? '');
        answer.end(name);
      });
      await open.serve('0.0.0.0', health.port, (_incoming, answer) => {
        answer.writeHead(isWell[name] ? 200 : 503).end();
      });
    }
    sockets['friend'] = openSockets(await network.attach('friend', '192.0.2.30'));
    sockets['stranger'] = openSockets(await network.attach('stranger', '198.51.100.30'));
    const at = await network.attach('balancer', PUBLIC);
    await at.addAddress(PRIVATE);
    balancer = startBalancer(at, PRIVATE);
    balancer.set({
      targets: new Map(Object.values(HOSTS).map((address, index) => [index, address])),
      ports: [{ entry: 443, target: 443 }],
      allowed: ['192.0.2.0/24', '10.0.0.1'],
      health,
    });
  });

  afterAll(async () => {
    for (const one of Object.values(sockets)) await one.close();
    await balancer?.close();
    await network?.remove();
    await removeRun(run);
  });

  /** Each request has a connection of its own. */
  const ask = (from: string) =>
    new Promise<string>((resolve) => {
      sockets[from]!.agent.destroy();
      const asked = request({ host: PUBLIC, port: 443, agent: sockets[from]!.agent }, (answer) => {
        text(answer).then(resolve);
      });
      asked.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      asked.end();
    });
  const asked = async (from: string) => {
    const answers: string[] = [];
    for (let count = 0; count < 4; count++) answers.push(await ask(from));
    return answers.toSorted();
  };
  const healthy = (...names: (keyof typeof HOSTS)[]) =>
    until(`${names.join(', ')} are healthy`, () => {
      return balancer.healthy.toSorted().join() === names.map((name) => HOSTS[name]).join();
    });

  test('Healthy droplets get connections in turn, others get none, and a refused peer gets none', async () => {
    await healthy('one');
    expect(await asked('friend')).toEqual(['one', 'one', 'one', 'one']);
    isWell['two'] = true;
    await healthy('one', 'two');
    expect(await asked('friend')).toEqual(['one', 'one', 'two', 'two']);
    isWell['one'] = false;
    await healthy('two');
    expect(await asked('friend')).toEqual(['two', 'two', 'two', 'two']);
    expect(await asked('stranger')).toEqual(Array(4).fill('ECONNRESET'));
    expect([...peers]).toEqual([PRIVATE]);
  });
});
