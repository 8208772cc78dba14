import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import type { Namespace } from '../twin/net/namespace.ts';

export interface LoadPlan {
  /** Where it connects to; left out, it asks for the domain's address as anyone does. */
  readonly address?: string;
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
  /** What got neither a 2xx nor word when to come again, and why. */
  readonly lost: readonly string[];
  /** What was told when to come again, which is not lost: 503 with Retry-After. */
  readonly refused: readonly string[];
  /** Slugs of the tapes that were taken. */
  readonly tapes: readonly string[];
  /** Every release that /health named. */
  readonly releases: readonly string[];
  readonly worstMs: number;
}

/** A steady load that is under way. */
export interface Load {
  /** Says how what was asked since the last lap went, once all of it is answered; goes on asking. */
  lap(): Promise<LoadResult>;
  /** Stops asking, waits for what is still to be answered, and says how it went since the last lap. */
  stop(): Promise<LoadResult>;
}

/** Starts asking from inside a namespace; resolves when the first request is about to go. */
export async function startLoad({ name }: Namespace, plan: LoadPlan): Promise<Load> {
  const program = join(import.meta.dirname, 'load-client.ts');
  const child = execa('ip', ['netns', 'exec', name, process.execPath, program, JSON.stringify(plan)], {
    ...({ stdin: 'pipe', stderr: 'inherit', buffer: false } as const),
    timeout: (plan.seconds + 60) * 1000,
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    // Then the child's own error says why.
    if (done) await child;
    return value as string;
  };
  await next();
  return {
    lap: async () => {
      child.stdin.write('lap\n');
      return JSON.parse(await next()) as LoadResult;
    },
    stop: async () => {
      child.stdin.end();
      const result = JSON.parse(await next()) as LoadResult;
      await child;
      return result;
    },
  };
}
