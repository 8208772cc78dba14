/** The metrics for Prometheus. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { ALERT_OUTCOMES, type AlertOutcome } from '../alerts/outcomes.ts';
import { failureCodeOf } from '../errors.ts';
import { waitAtMost } from '../lib/deadline.ts';
import type { Counts } from '../queue/status.ts';
import type { BakeResult } from '../schemas/outcome.ts';
import type { BakeRequest } from '../schemas/request.ts';
import type { BakeAttempt } from '../worker/bake-processor.ts';
import type { RequestEnd } from './requests.ts';

type Bake = (request: BakeRequest, attempt: BakeAttempt) => Promise<BakeResult>;

export interface Metrics {
  /** The same function, with its bakes counted and timed. */
  instrument(bake: Bake): Bake;
  /** Counts a request to the API that has ended. */
  request(end: RequestEnd, seconds: number): void;
  /** Counts the end of an attempt to send an alert. */
  alert(outcome: AlertOutcome): void;
  /** Counts an attempt to deliver a callback. */
  callback(seconds: number, delivered: boolean): void;
  /** All metrics, for docs and their tests. */
  readonly registry: Registry;
  /** All metrics, in Prometheus's format. */
  render(): Promise<{ readonly type: string; readonly body: string }>;
}

const BAKE_SECONDS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300];
const CALLBACK_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Callers may send any. */
const METHODS = ['GET', 'HEAD', 'POST', 'DELETE'];
const REQUEST_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15];
/** How long the queue may take to answer. */
const QUEUE_MS = 2000;

/** Opens the metrics of the service. Labels are stages, outcomes and codes, each from a closed list: never a slug. */
export function openMetrics(queue: { counts(): Promise<Counts> }, release: string): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({ name: 'oven_info', help: 'The release that runs.', labelNames: ['release'], registers })
    .labels(release)
    .set(1);
  const bakes = new Counter({
    name: 'oven_bakes_total',
    help: 'Attempts to bake a tape, by outcome.',
    labelNames: ['outcome', 'code'],
    registers,
  });
  const stages = new Histogram({
    name: 'oven_stage_seconds',
    help: 'How long each stage of a bake took.',
    labelNames: ['stage'],
    buckets: BAKE_SECONDS,
    registers,
  });
  const video = new Counter({
    name: 'oven_output_bytes_total',
    help: 'Bytes of the videos made.',
    registers,
  });
  const played = new Counter({
    name: 'oven_output_seconds_total',
    help: 'Seconds that the videos made play for.',
    registers,
  });
  const callbacks = new Histogram({
    name: 'oven_callback_seconds',
    help: 'How long attempts to deliver a callback took.',
    labelNames: ['outcome'],
    buckets: CALLBACK_SECONDS,
    registers,
  });
  const requests = new Histogram({
    name: 'oven_http_request_seconds',
    help: 'How long requests took to be answered, by route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_SECONDS,
    registers,
  });
  const alerts = new Counter({
    name: 'oven_alerts_total',
    help: 'Attempts to send an alert to the operator, by outcome.',
    labelNames: ['outcome'],
    registers,
  });
  // A counter that appears with its first alert would not have increased for Prometheus.
  for (const outcome of ALERT_OUTCOMES) alerts.inc({ outcome }, 0);
  addQueue(registry, queue);

  return {
    instrument: (bake) => async (request, attempt) => {
      const started = performance.now();
      try {
        const result = await bake(request, attempt);
        bakes.inc({ outcome: 'done', code: '' });
        for (const [stage, seconds] of Object.entries(result.timings ?? {}))
          stages.observe({ stage }, seconds);
        stages.observe({ stage: 'total' }, (performance.now() - started) / 1000);
        video.inc(result.bytes);
        played.inc(result.duration);
        return result;
      } catch (error) {
        if (attempt.signal.aborted) bakes.inc({ outcome: 'stopped', code: '' });
        else bakes.inc({ outcome: 'failed', code: failureCodeOf(error) });
        throw error;
      }
    },
    request: ({ method, route, status }, seconds) =>
      requests.observe({ method: METHODS.includes(method) ? method : 'other', route, status }, seconds),
    alert: (outcome) => alerts.inc({ outcome }),
    callback: (seconds, delivered) =>
      callbacks.observe({ outcome: delivered ? 'delivered' : 'failed' }, seconds),
    registry,
    render: async () => ({ type: registry.contentType, body: await registry.metrics() }),
  };
}

/** Adds the numbers of jobs, which are read with each request for the metrics; without Redis there are no numbers. */
function addQueue(registry: Registry, queue: { counts(): Promise<Counts> }): void {
  const depth = new Gauge({
    name: 'oven_queue_jobs',
    help: 'Jobs in the queues, by state.',
    labelNames: ['queue', 'state'],
    registers: [registry],
    collect: async () => {
      const counts = await waitAtMost(
        QUEUE_MS,
        queue.counts().catch(() => undefined),
        () => undefined,
      );
      depth.reset();
      oldest.reset();
      if (counts === undefined) return;
      const { callbacks, oldestWaitingSeconds, ...bakes } = counts;
      oldest.set(oldestWaitingSeconds);
      for (const [name, states] of Object.entries({ bakes, callbacks })) {
        for (const [state, count] of Object.entries(states)) depth.set({ queue: name, state }, count);
      }
    },
  });
  const oldest = new Gauge({
    name: 'oven_queue_oldest_seconds',
    help: 'How long the tape that has waited longest has.',
    registers: [registry],
  });
}

/** Serves the metrics to this machine only, on a port of their own that no proxy forwards to. */
export async function serveMetrics(metrics: Metrics, port: number): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    metrics.render().then(
      ({ type, body }) => response.writeHead(200, { 'content-type': type }).end(body),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound}/metrics`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
