import { join } from 'node:path';
import { execa } from 'execa';
import type { Namespace } from '../twin/net/namespace.ts';

export interface LoadPlan {
  readonly address: string;
  readonly domain: string;
  readonly caFile: string;
  readonly perSecond: number;
  /** It ends by itself after so long. */
  readonly seconds: number;
  /** Every so many requests, one brings a tape; the others ask for /health. */
  readonly tapeEvery: number;
  /** The tapes to bring, one after the other. */
  readonly slugs: readonly string[];
  readonly zipUrl: string;
  /** The rest of what POST /bake takes. */
  readonly tape: Readonly<Record<string, unknown>>;
}

export interface LoadResult {
  readonly asked: number;
  /** What got neither a 2xx nor a word when to come again, and why. */
  readonly lost: readonly string[];
  /** What was told 503 with Retry-After. */
  readonly refused: readonly string[];
  /** Slugs of the tapes that were taken. */
  readonly tapes: readonly string[];
  /** Every release that /health named. */
  readonly releases: readonly string[];
  readonly worstMs: number;
}

/** A steady load that is under way. */
export interface Load {
  /** Stops asking, waits for what is still to be answered, and says how it went. */
  stop(): Promise<LoadResult>;
}

/** Starts asking from inside a namespace; resolves when the first request is about to go. */
export async function startLoad({ name }: Namespace, plan: LoadPlan): Promise<Load> {
  const program = join(import.meta.dirname, 'load-client.ts');
  const child = execa('ip', ['netns', 'exec', name, process.execPath, program, JSON.stringify(plan)], {
    stdin: 'pipe',
    stderr: 'inherit',
    timeout: (plan.seconds + 60) * 1000,
  });
  await Promise.race([new Promise((resolve) => child.stdout.once('data', resolve)), child]);
  return {
    stop: async () => {
      child.stdin.end();
      const { stdout } = await child;
      return JSON.parse(stdout.split('\n').at(-1)!) as LoadResult;
    },
  };
}
