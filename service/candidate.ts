import type { Config } from './config.ts';
import type { Reason } from './health/reasons.ts';
import { healthRoute } from './health/routes.ts';
import { emptyApp } from './http/app.ts';
import { type Listening, listen } from './http/listen.ts';
import type { Log } from './log.ts';
import { proofsOf } from './proof/proofs.ts';
import { proveAll } from './proof/prove.ts';
import { openArt } from './storage/art.ts';
import { openBlobs } from './storage/blobs.ts';

export interface CandidateOptions {
  readonly config: Config;
  readonly log: Log;
  readonly release: string;
  /** Called once, with the reason, when something can't be proven. */
  readonly onUnfit: (error: Error) => void;
}

const CLOSE_MS = 500;

/**
 * A release that is looked at before it takes over: it answers `GET /health` and nothing else, 200 when it has shown that it
 * could do the work. It takes no work, sends nothing, and removes nothing of anybody's.
 */
export async function startCandidate({ config, log, release, onUnfit }: CandidateOptions) {
  const app = emptyApp(log);
  const unproven = new Set<string>();
  const probe = async (): Promise<Reason[]> =>
    unproven.size === 0
      ? []
      : [{ code: 'UNPROVEN', message: `To be shown yet: ${[...unproven].join(', ')}.` }];
  healthRoute(app, { release, startedAt: Date.now(), isDraining: () => false, probe });
  const art = openArt(config.art);
  const publicUrl = config.publicUrl ?? new URL('http://localhost');
  const blobs = openBlobs({ ...config.blobs, publicUrl });
  const proofs = proofsOf(config, { art, blobs });
  for (const { name } of proofs) unproven.add(name);
  const { host, port, listenSocket } = config;
  const to = { host, port, ...(listenSocket !== undefined && { socket: listenSocket }) };
  const listening: Listening = await listen(
    (request, env) => app.fetch(request, env as object),
    to,
    undefined,
  );
  const stop = new AbortController();
  const proving = proveAll(proofs, {
    signal: stop.signal,
    onProven: (name) => {
      unproven.delete(name);
      log.info({ name }, 'proven');
    },
  }).catch((error: Error) => {
    if (!stop.signal.aborted) onUnfit(error);
  });
  return {
    url: listening.url,
    close: async () => {
      stop.abort();
      await Promise.all([proving, listening.close(CLOSE_MS)]);
      art.close();
      blobs.close();
    },
  };
}
