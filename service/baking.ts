import { loadMediabunny } from './bake/container/mediabunny.ts';
import { openDelivery } from './callback/deliver.ts';
import { openProgress } from './callback/progress.ts';
import type { Secrets } from './callback/secrets.ts';
import type { Config } from './config.ts';
import type { Allowed } from './fetch/allowed.ts';
import { openSource } from './fetch/source.ts';
import type { Metrics } from './health/metrics.ts';
import type { Log } from './log.ts';
import { startWorkers, type Workers } from './queue/workers.ts';
import type { Art } from './storage/art.ts';
import type { Blobs } from './storage/blobs.ts';
import { openBakery } from './work/bakery.ts';
import { sweep } from './work/sweep.ts';

export interface BakingOptions {
  readonly config: Config;
  readonly art: Art;
  readonly blobs: Blobs;
  readonly secrets: Secrets;
  readonly isSourceAllowed: Allowed;
  readonly isCallbackAllowed: Allowed;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Removes what dead processes left, then bakes and delivers. Resolves when Redis is reached, however long that takes. */
export async function startBaking(options: BakingOptions): Promise<Workers> {
  const { config, art, blobs, secrets, isCallbackAllowed, metrics, log } = options;
  // Loading takes tens of milliseconds, in which no request is answered: better now than with the first tape.
  loadMediabunny();
  const swept = await sweep(config.tempDir);
  if (swept.length > 0) log.info({ folders: swept.length }, 'leftovers swept');
  const { limits, tempDir, scale, bakeTimeoutSeconds: timeoutSeconds } = config;
  const bakery = openBakery({
    source: openSource({ art, allowed: options.isSourceAllowed, maxBytes: limits.zipBytes }),
    ...{ blobs, tempDir, limits, timeoutSeconds, scale },
    reportProgress: openProgress({ secrets, isAllowed: isCallbackAllowed }),
  });
  const { deliver } = openDelivery({ secrets, isAllowed: isCallbackAllowed, onAttempt: metrics.callback });
  return startWorkers({
    redis: config.redis,
    concurrency: config.concurrency,
    bake: metrics.measured(bakery.bake),
    deliver,
    onError: (err) => log.error({ err }, 'queue'),
  });
}
