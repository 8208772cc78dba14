/** The candidate: a release that proves itself before it serves. */
import type { Config } from '../config/config.ts';
import type { Reason } from '../health/probes.ts';
import { emptyApp } from '../http/app.ts';
import { type Listening, listen } from '../http/listen.ts';
import { healthRoutes } from '../http/routes/health.ts';
import type { Log } from '../lib/log.ts';
import { openTapeBucket } from '../source/tape-bucket.ts';
import { openStorage } from '../storage/open.ts';
import { runChecks, startupChecks } from './startup-checks.ts';

export interface CandidateOptions {
  readonly config: Config;
  readonly log: Log;
  readonly release: string;
  /** Called once, with the reason, when a startup check fails for good. */
  readonly onUnfit: (error: Error) => void;
}

const CLOSE_MS = 500;

/**
 * Starts a candidate: a release that is checked before it serves. It answers `GET /health` and nothing else, with 200 once all
 * startup checks have passed. It takes no jobs, sends no callbacks, and removes no files but its own.
 */
export async function startCandidate({ config, log, release, onUnfit }: CandidateOptions) {
  const app = emptyApp(log);
  const pending = new Set<string>();
  const probe = async (): Promise<Reason[]> =>
    pending.size === 0 ? [] : [{ code: 'UNPROVEN', message: `Not checked yet: ${[...pending].join(', ')}.` }];
  healthRoutes(app, { release, startedAt: Date.now(), probe });
  const tapeBuckets = config.tapeBuckets.map(openTapeBucket);
  const publicUrl = config.publicUrl ?? new URL('http://localhost');
  const storage = openStorage({ ...config.storage, publicUrl });
  const checks = startupChecks(config, tapeBuckets, storage);
  for (const { name } of checks) pending.add(name);
  const { host, port, listenSocket } = config;
  const to = { host, port, ...(listenSocket !== undefined && { socket: listenSocket }) };
  const listening: Listening = await listen(
    (request, env) => app.fetch(request, env as object),
    to,
    undefined,
  );
  const stop = new AbortController();
  const onPassed = (name: string) => {
    pending.delete(name);
    log.info({ name }, 'check passed');
  };
  const checking = runChecks(checks, stop.signal, onPassed).catch((error: Error) => {
    if (!stop.signal.aborted) onUnfit(error);
  });
  return {
    url: listening.url,
    close: async () => {
      stop.abort();
      await Promise.all([checking, listening.close(CLOSE_MS)]);
      for (const tapeBucket of tapeBuckets) tapeBucket.close();
      storage.close();
    },
  };
}
