/** Puts the service together: configuration, queue, workers, routes; and ends it in order. */
import { mkdir } from 'node:fs/promises';
import { type AlertTuning, openAlerts } from './alerts/open.ts';
import { openSecrets } from './callback/secrets.ts';
import { type Config, secretsOf } from './config/config.ts';
import { dashboard } from './dashboard/routes.ts';
import { type DrainOptions, openDrain } from './drain.ts';
import { monitorDisk } from './health/disk.ts';
import { startHeartbeat } from './health/heartbeat.ts';
import { openMetrics, serveMetrics } from './health/metrics.ts';
import { openProbes, ownReasons } from './health/probes.ts';
import { openRequests } from './health/requests.ts';
import { openWorkCheck, type WorkOptions } from './health/work.ts';
import { addRoutes, emptyApp } from './http/app.ts';
import { listen } from './http/listen.ts';
import type { App } from './http/middleware.ts';
import { openOperator } from './http/operator.ts';
import { healthRoutes, workRoute } from './http/routes/health.ts';
import { waitAtMost } from './lib/deadline.ts';
import { type Log, openLog } from './lib/log.ts';
import { readRelease } from './lib/release.ts';
import { openQueue } from './queue/queue.ts';
import { loggedRedisFault } from './queue/redis-faults.ts';
import { bakeBuiltInTapes } from './selfcheck/bake-built-in.ts';
import { startCandidate } from './selfcheck/candidate.ts';
import { type SelfCheckOptions, startSelfCheck } from './selfcheck/self-check.ts';
import { allowList } from './source/allow-list.ts';
import { openTapeBucket } from './source/tape-bucket.ts';
import { openStorage } from './storage/open.ts';
import { startWork } from './worker/start.ts';
import type { Workers } from './worker/workers.ts';

export interface StartOptions {
  /** Starts a candidate, which checks itself and does no work. */
  readonly candidate: boolean;
  readonly log?: Log;
  /** A listening file descriptor from systemd. */
  readonly fd?: number | undefined;
  /** Called once if the service can't go on: a candidate is unfit, or the workers can't start. */
  readonly onFatal?: (error: Error) => void;
  /** Other times for the self-check, in milliseconds. */
  readonly selfCheck?: Pick<SelfCheckOptions, 'delayMs' | 'everyMs'>;
  /** Other times for alerts, and other limits and times for the work. */
  readonly alerts?: AlertTuning;
  readonly work?: Pick<WorkOptions, 'limits' | 'everyMs'>;
  /** Another time for the drain of one of several hosts. */
  readonly drain?: Pick<DrainOptions, 'leaveMs'>;
}

export interface Service {
  readonly url: string;
  /** Hands active jobs back and ends; a second call waits for the same end. */
  close(): Promise<void>;
}

/** Seconds that active jobs get at the end. */
const GRACE_SECONDS = 5;
/** Milliseconds that open requests get after that, and workers that never reached Redis. */
const CLOSE_MS = 2000;
/** The self-check runs below bakes, which run below requests. */
const NICENESS = 19;

/** Starts the service, or a candidate. Resolves when it answers requests; /health says whether it can bake. */
export async function startService(config: Config, how: StartOptions): Promise<Service> {
  const log = how.log ?? openLog({ level: config.logLevel, secrets: secretsOf(config) });
  const { onFatal = () => {} } = how;
  const release = readRelease();
  await mkdir(config.tempDir, { recursive: true });
  if (how.candidate) return startCandidate({ config, log, release, onUnfit: onFatal });

  // The address must be known before the routes: a request that comes earlier waits for them.
  const appReady = Promise.withResolvers<App>();
  const { host, port, listenSocket } = config;
  const listening = await listen(
    async (request, env) => (await appReady.promise).fetch(request, env as object),
    { host, port, ...(listenSocket !== undefined && { socket: listenSocket }) },
    how.fd,
  );
  const publicUrl = config.publicUrl ?? new URL(listening.url);
  const secrets = openSecrets(config.callbackSecrets);
  const isSourceAllowed = allowList(config.allowedSources);
  const isCallbackAllowed = allowList(config.allowedCallbacks);
  const tapeBuckets = config.tapeBuckets.map(openTapeBucket);
  const storage = openStorage({ ...config.storage, publicUrl });
  const onError = (err: Error) => log.warn({ err, ...loggedRedisFault(err) }, 'queue');
  const queue = openQueue({ redis: config.redis, maxQueued: config.maxQueued, onError });
  const disk = monitorDisk(config.tempDir, config.minFreeBytes);
  const metrics = openMetrics(queue, release);
  const requests = openRequests({ onEnd: metrics.request });
  const metricsServer = await serveMetrics(metrics, config.metricsPort);

  let workers: Workers | undefined;
  const drain = openDrain({
    folder: config.tempDir,
    nodes: config.nodes,
    shared: queue.drain,
    onRest: (rests) => workers?.rest(rests),
    onError: (err) => log.warn({ err }, 'the drain can not be kept over a restart'),
    ...how.drain,
  });
  const starting = startWork({
    config,
    release,
    tapeBuckets,
    storage,
    secrets,
    isSourceAllowed,
    isCallbackAllowed,
    metrics,
    disk,
    rests: drain.rests,
    onFinalFailure: (event) => alerts.failed(event),
    log,
  });
  starting.then(
    (started) => {
      workers = started;
      workers.rest(drain.rests());
      log.info({ concurrency: config.concurrency }, 'baking');
    },
    (error: Error) => onFatal(error),
  );
  const selfCheck = startSelfCheck({
    bake: (signal) => bakeBuiltInTapes(config, { signal, niceness: NICENESS }),
    log,
    ...how.selfCheck,
  });

  const app = emptyApp(log, requests);
  const startedAt = Date.now();
  const fault = () => workers?.fault() ?? selfCheck.fault();
  const probe = openProbes({ checkQueue: queue.checkWrite, disk, fault });
  healthRoutes(app, { release, startedAt, drain, probe });
  const checkWork = openWorkCheck({ queue, fault, ...how.work });
  workRoute(app, checkWork);
  const alerts = openAlerts({
    config,
    publicUrl: publicUrl.href.replace(/\/+$/, ''),
    probe,
    checkWork,
    judgeRequests: requests.judge,
    disk,
    log,
    onSent: metrics.alert,
    ...how.alerts,
  });
  const heartbeat = startHeartbeat({
    write: queue.writeHost,
    report: async () => {
      const [{ phase }, space] = await Promise.all([drain.current(), disk.space().catch(() => undefined)]);
      const [reason] = ownReasons(await probe());
      const state = phase !== 'off' ? 'draining' : reason ? 'paused' : 'serving';
      const { bakes, callbacks } = workers?.active() ?? { bakes: 0, callbacks: 0 };
      return { name: config.nodeName, release, state, reason, ...space, bakes, callbacks, at: Date.now() };
    },
  });
  const pagesEnd = new AbortController();
  const { callbackSecrets } = config;
  const operator = openOperator({ secrets, callbackSecrets, publicUrl });
  const pages = dashboard({
    queue,
    login: { operator, log },
    isPrivate: config.isDashboardPrivate,
    disk: disk.space,
    hosts: queue.hosts,
    fault,
    release,
    startedAt,
    signal: pagesEnd.signal,
    media: [new URL(storage.url('a', 'mp4')).origin],
  });
  addRoutes(app, {
    queue,
    maxQueued: config.maxQueued,
    storage,
    filesFolder: storage.folder,
    secrets,
    isSourceAllowed,
    isCallbackAllowed,
    operator,
    drain,
    active: () => workers?.active() ?? { bakes: 0, callbacks: 0 },
    nodes: config.nodes,
    nodeName: config.nodeName,
    disk,
    outputName: config.outputName,
    publicUrl: publicUrl.href.replace(/\/+$/, ''),
    release,
    log,
    pages,
  });
  appReady.resolve(app);
  log.info({ url: listening.url, metrics: metricsServer.url, release }, 'listening');

  const close = async () => {
    log.info('closing');
    // The service still answers, but ends each connection with its answer.
    listening.retire();
    const started = await waitAtMost(
      CLOSE_MS,
      starting.catch(() => undefined),
      () => undefined,
    );
    await Promise.all([started?.close(GRACE_SECONDS), selfCheck.close()]);
    await alerts.close();
    heartbeat.close();
    await waitAtMost(
      CLOSE_MS,
      queue.removeHost(config.nodeName).catch(() => {}),
      () => {},
    );
    pagesEnd.abort(); // event streams do not end by themselves
    await listening.close(CLOSE_MS);
    metricsServer.close();
    await waitAtMost(CLOSE_MS, queue.close(), () => {});
    for (const tapeBucket of tapeBuckets) tapeBucket.close();
    storage.close();
    log.info('closed');
  };
  let closing: Promise<void> | undefined;
  return {
    url: listening.url,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
