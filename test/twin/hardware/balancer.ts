import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Balancer } from '../api/hardware.ts';
import type { Attached } from '../net/network.ts';

/** What the process is to do from now on. */
export interface BalancerOrder extends Omit<Balancer, 'targets'> {
  readonly targets: readonly string[];
  /** The public address, where it listens. */
  readonly at: string;
  /** The private address, from which it asks droplets. */
  readonly from: string;
}

/** What the process says: the droplets that get connections. */
export interface BalancerWord {
  readonly healthy: readonly string[];
}

/** A load balancer that runs. */
export interface RunningBalancer {
  /** Private addresses of the droplets that get connections now. */
  readonly healthy: readonly string[];
  set(balancer: Balancer): void;
  close(): Promise<void>;
}

/** Starts a load balancer in a namespace of its own, which has both addresses. */
export function startBalancer(namespace: Attached, privateAddress: string): RunningBalancer {
  const child = fork(new URL('./balancer-process.ts', import.meta.url), {
    execPath: 'ip',
    execArgv: ['netns', 'exec', namespace.name, process.execPath],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  let healthy: readonly string[] = [];
  child.on('message', (word: BalancerWord) => {
    healthy = word.healthy;
  });
  return {
    get healthy() {
      return healthy;
    },
    set: ({ targets, ...balancer }) => {
      const place = { at: namespace.address, from: privateAddress };
      child.send({ ...balancer, ...place, targets: [...targets.values()] } satisfies BalancerOrder);
    },
    close: async () => {
      if (child.connected) child.disconnect();
      await ended;
      await namespace.remove();
    },
  };
}
