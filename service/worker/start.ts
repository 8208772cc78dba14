/** Puts together what the workers need, and starts them. */
import type { AlertEvent } from '../alerts/state.ts';
import { loadMediabunny } from '../bake/container/mp4.ts';
import { startSweeper } from '../bake/temp-folder.ts';
import { openDelivery } from '../callback/deliver.ts';
import { openProgressReports } from '../callback/progress.ts';
import type { Secrets } from '../callback/secrets.ts';
import { type Config, secretsOf } from '../config/config.ts';
import { ERRORS, type FailureCode, OvenError } from '../errors.ts';
import type { DiskMonitor } from '../health/disk.ts';
import type { Metrics } from '../health/metrics.ts';
import { hasProgram } from '../health/probes.ts';
import { type Log, scrubber } from '../lib/log.ts';
import { toFailure } from '../queue/failure.ts';
import { HISTORY_SECONDS } from '../queue/queue.ts';
import { loggedRedisFault } from '../queue/redis-faults.ts';
import type { Failure } from '../schemas/outcome.ts';
import { bakeBuiltInTapes } from '../selfcheck/bake-built-in.ts';
import { type StartupCheck, startupChecks } from '../selfcheck/startup-checks.ts';
import type { Allowed } from '../source/allow-list.ts';
import { openSource } from '../source/source.ts';
import type { TapeBucket } from '../source/tape-bucket.ts';
import type { OutputStorage } from '../storage/storage.ts';
import { tapeBaker } from './bake-tape.ts';
import { findEncoderFaults } from './encoder-faults.ts';
import { logEvents } from './events.ts';
import { failureDescriber } from './failure-details.ts';
import { startWorkers, type Workers } from './workers.ts';

export interface WorkOptions {
  readonly config: Config;
  readonly release: string;
  readonly tapeBuckets: readonly TapeBucket[];
  readonly storage: OutputStorage;
  readonly secrets: Secrets;
  readonly isSourceAllowed: Allowed;
  readonly isCallbackAllowed: Allowed;
  readonly metrics: Metrics;
  readonly onFinalFailure: (event: AlertEvent) => void;
  readonly disk: DiskMonitor;
  /** Whether this host takes no jobs for now. */
  readonly rests: () => boolean;
  readonly log: Log;
}

/** Removes the folders of dead processes, then bakes and delivers. Resolves when Redis is reached, however long that takes. */
export async function startWork(options: WorkOptions): Promise<Workers> {
  const {
    config,
    release,
    tapeBuckets,
    storage,
    secrets,
    isSourceAllowed,
    isCallbackAllowed,
    metrics,
    disk,
    log,
  } = options;
  // Loading takes tens of milliseconds in which no request is answered: better now than with the first tape.
  loadMediabunny();
  const sweeper = await startSweeper(config.tempDir, (names) =>
    log.info({ folders: names.length }, 'leftovers swept'),
  );
  const bake = tapeBaker({
    source: openSource({ tapeBuckets, allowed: isSourceAllowed, maxBytes: config.limits.zipBytes }),
    storage,
    tempDir: config.tempDir,
    limits: config.limits,
    timeoutSeconds: config.bakeTimeoutSeconds,
    scale: config.scale,
    reportProgress: openProgressReports({ secrets, isAllowed: isCallbackAllowed }),
    encoderFaults: findEncoderFaults((signal) => bakeBuiltInTapes(config, { signal })),
  });
  const { deliver } = openDelivery({ secrets, isAllowed: isCallbackAllowed, onAttempt: metrics.callback });
  const workers = await startWorkers({
    redis: config.redis,
    name: config.nodeName,
    concurrency: config.concurrency,
    rests: options.rests(),
    sharesQueue: config.nodes > 1,
    hostFault: async () => {
      if (await disk.isShort()) return toFailure(new OvenError('DISK_FULL'));
      return (await hasProgram('ffmpeg')) ? undefined : toFailure(new OvenError('FFMPEG_MISSING'));
    },
    history: { seconds: HISTORY_SECONDS, tapes: config.maxHistory, bytes: config.maxHistoryBytes },
    bake: metrics.instrument(bake),
    deliver,
    probe: probeFault(startupChecks(config, tapeBuckets, storage), disk),
    onFault: (failure) => {
      if (failure) log.error({ code: failure.code, message: failure.message }, 'bakes wait for a fault');
      else log.info('bakes go on');
    },
    onFinalFailure: options.onFinalFailure,
    onSetBack: (ms) => log.warn({ seconds: Math.round(ms / 1000) }, 'the clock was set back'),
    events: logEvents(log),
    describeFailure: failureDescriber(release, scrubber(secretsOf(config))),
    onError: (err) => log.error({ err, ...loggedRedisFault(err) }, 'queue'),
  });
  const close = async (seconds?: number) => {
    sweeper.stop();
    await workers.close(seconds);
  };
  return { ...workers, close };
}

/** Runs the startup checks of the part that failed; if the settings are wrong, those of all parts. */
function probeFault(checks: readonly StartupCheck[], disk: DiskMonitor) {
  return async ({ code }: Failure): Promise<void> => {
    const { fault } = ERRORS[code as FailureCode];
    if (fault === 'host' && (await disk.isShort())) throw new OvenError('DISK_FULL');
    for (const check of checks) if (fault === 'setup' || check.fault === fault) await check.run();
  };
}
