/** Tells the operator: looks at the service every few seconds, plans, and sends. Nothing waits for it, and it never throws. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Reason } from '../health/probes.ts';
import { waitAtMost } from '../lib/deadline.ts';
import type { Log } from '../lib/log.ts';
import type { AlertTarget } from './message.ts';
import type { AlertOutcome } from './outcomes.ts';
import { sendAlert } from './send.ts';
import {
  ALERT_TIMES,
  type AlertEvent,
  type AlertMessage,
  type AlertPlan,
  type AlertTimes,
  addFailures,
  countFailure,
  type FailureGroups,
  planAlerts,
  type Sent,
  settleAlert,
} from './state.ts';
import type { AlertStore } from './store.ts';

export interface AlertsOptions {
  readonly target: AlertTarget;
  readonly publicUrl: string;
  readonly store: AlertStore;
  /** Finds all that is wrong with this host, each in words fit for operators. */
  readonly observe: () => Promise<readonly Reason[]>;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  /** Counts the ends of attempts. */
  readonly onSent?: (outcome: AlertOutcome) => void;
  readonly host?: string;
  readonly times?: AlertTimes;
  readonly everyMs?: number;
  readonly now?: () => number;
}

export interface Alerts {
  /** Takes a failure in; returns at once. */
  failed(event: AlertEvent): void;
  /** Stops to look and to send. What is not sent stays in Redis for the next process. */
  close(): Promise<void>;
}

const EVERY_MS = 5000;
const OBSERVE_MS = 10_000;
const CLOSE_MS = 1000;

export function startAlerts(options: AlertsOptions): Alerts {
  const { target, publicUrl, store, observe, log, onSent = () => {} } = options;
  const { host = hostname(), times = ALERT_TIMES, everyMs = EVERY_MS, now = Date.now } = options;
  const stop = new AbortController();
  let groups: FailureGroups = {};
  let conditions: readonly Reason[] = [];
  let noticed = false;
  const onPrivateAddress = () => {
    if (!noticed) log.warn('the address of the receiver of alerts is not public');
    noticed = true;
  };
  const giveUp = (message: AlertMessage | undefined) => {
    if (message === undefined) return;
    onSent('given up');
    log.error({ alert: forLog(message) }, 'alert given up');
  };
  const send = async (message: AlertMessage): Promise<Sent> => {
    try {
      return await sendAlert(message, { target, publicUrl, signal: stop.signal, onPrivateAddress });
    } catch (error) {
      stop.signal.throwIfAborted();
      log.error({ err: error }, 'alert');
      return { error: 'The alert could not be made.', retryInMs: 0 };
    }
  };
  const look = async () => {
    conditions = await waitAtMost(OBSERVE_MS, observe(), () => conditions);
    const taken = groups;
    groups = {};
    const input = { now: now(), host, conditions, groups: taken, id: randomUUID() };
    const plan: AlertPlan = await store.update((state) => planAlerts(state, input, times));
    giveUp(plan.givenUp);
    const { send: message } = plan;
    if (message === undefined || stop.signal.aborted) return;
    const sent = await send(message);
    const endedAt = now();
    onSent(sent === 'sent' ? 'sent' : 'failed');
    if (sent === 'sent') log.info({ alertId: message.id }, 'alert sent');
    else log.warn({ alertId: message.id, lastError: sent.error }, 'alert failed');
    const settled: AlertPlan = await store.update((state) =>
      settleAlert(state, message.id, sent, endedAt, times),
    );
    giveUp(settled.givenUp);
  };
  const run = async () => {
    while (!stop.signal.aborted) {
      await look().catch((error: Error) => {
        if (!stop.signal.aborted) log.error({ err: error }, 'alerts');
      });
      await delay(everyMs, undefined, { signal: stop.signal }).catch(() => {});
    }
  };
  const running = run();
  return {
    failed: (event) => {
      groups = countFailure(groups, event, now());
    },
    close: async () => {
      stop.abort();
      const end = running.then(() => store.update((state) => ({ state: addFailures(state, groups) })));
      await waitAtMost(CLOSE_MS, end, () => {});
    },
  };
}

/** What the log has of an alert that nobody got: the ids of jobs, and no slug or text of a tape, which may be private. */
function forLog({ id, began, ended, failures }: AlertMessage) {
  return {
    id,
    began: began.map(({ code, message }) => `${code} ${message}`),
    ended: ended.map(({ code }) => code),
    failures: failures.map(({ code, count, examples }) => ({
      code,
      count,
      jobIds: examples.map(({ jobId }) => jobId),
    })),
  };
}
