/**
 * The load balancer itself, run inside a network namespace by balancer.ts: passes TCP connections on to healthy droplets in turn. A droplet
 * gets connections after `rise` checks in a row have succeeded, and none after `fall` have failed. Open connections stay where they are.
 */
import { get } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import { pipeline } from 'node:stream';
import ipaddr from 'ipaddr.js';
import type { BalancerOrder, BalancerWord } from './balancer.ts';

interface Target {
  readonly address: string;
  isHealthy: boolean;
  /** Checks in a row that said otherwise. */
  contrary: number;
  timer?: NodeJS.Timeout;
}

const targets = new Map<string, Target>();
const servers = new Map<number, Server>();
let order: BalancerOrder | undefined;
let turn = 0;

process.on('message', (next: BalancerOrder) => {
  order = next;
  const addresses = new Set(next.targets);
  for (const [address, { timer }] of targets) {
    if (addresses.has(address)) continue;
    clearTimeout(timer);
    targets.delete(address);
  }
  for (const address of addresses) {
    if (targets.has(address)) continue;
    const target = { address, isHealthy: false, contrary: 0 };
    targets.set(address, target);
    check(target);
  }
  const ports = new Map(next.ports.map(({ entry, target }) => [entry, target]));
  for (const [port, server] of servers) {
    if (ports.has(port)) continue;
    server.close();
    servers.delete(port);
  }
  for (const [entry] of ports) if (!servers.has(entry)) servers.set(entry, listen(entry));
  say({ healthy: healthy() });
});
process.on('disconnect', () => process.exit(0));

function listen(entry: number): Server {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (caller) => {
    caller.on('error', () => {});
    const port = order?.ports.find((one) => one.entry === entry)?.target;
    if (!isAllowed(caller.remoteAddress ?? '') || port === undefined) return void caller.resetAndDestroy();
    const chosen = inTurn();
    const dial = ([host, ...others]: readonly string[]) => {
      if (host === undefined) return void caller.resetAndDestroy();
      const far = connect({ host, port, localAddress: order!.from, allowHalfOpen: true, timeout: 3000 });
      const next = () => {
        far.destroy();
        dial(others);
      };
      far.once('error', next).once('timeout', next);
      far.once('connect', () => {
        far.off('error', next).off('timeout', next).setTimeout(0);
        pipeline(caller, far, (error) => void (error && caller.destroy()));
        pipeline(far, caller, (error) => void (error && far.destroy()));
      });
    };
    dial(chosen);
  });
  return server.listen({ host: order!.at, port: entry });
}

/** Healthy droplets, the next in turn first. */
function inTurn(): string[] {
  const all = healthy();
  const first = all.length === 0 ? 0 : turn++ % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}

function healthy(): string[] {
  return [...targets.values()].filter(({ isHealthy }) => isHealthy).map(({ address }) => address);
}

function isAllowed(address: string): boolean {
  const { allowed } = order!;
  if (allowed.length === 0) return true;
  const peer = ipaddr.process(address);
  return allowed.some((network) => {
    const [range, bits] = network.includes('/') ? ipaddr.parseCIDR(network) : [ipaddr.parse(network), 32];
    return range.kind() === peer.kind() && peer.match(range, bits);
  });
}

function check(target: Target): void {
  const { port, path, intervalSeconds, timeoutSeconds, rise, fall } = order!.health;
  const asked = get({ host: target.address, port, path, localAddress: order!.from, agent: false });
  const late = setTimeout(() => asked.destroy(new Error('late')), timeoutSeconds * 1000);
  const found = (isWell: boolean) => {
    clearTimeout(late);
    target.contrary = isWell === target.isHealthy ? 0 : target.contrary + 1;
    if (target.contrary >= (target.isHealthy ? fall : rise)) {
      target.isHealthy = isWell;
      target.contrary = 0;
      say({ healthy: healthy() });
    }
    if (targets.get(target.address) === target)
      target.timer = setTimeout(() => check(target), intervalSeconds * 1000);
  };
  asked.once('response', (answer) => {
    answer.resume();
    found(answer.statusCode === 200);
  });
  asked.once('error', () => found(false));
}

function say(word: BalancerWord): void {
  process.send?.(word);
}
