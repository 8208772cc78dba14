/** Puts together what the alerts need, and starts them. */

import type { Config } from '../config/config.ts';
import { monitorEventLoop } from '../health/event-loop.ts';
import type { Log } from '../lib/log.ts';
import { connect, keys, PREFIX } from '../queue/store.ts';
import { type Alerts, type AlertsOptions, startAlerts } from './alerts.ts';
import { type ConditionsOptions, findConditions } from './conditions.ts';
import { openAlertStore } from './store.ts';

/** Other times, for tests. */
export type AlertTuning = Pick<AlertsOptions, 'times' | 'everyMs' | 'now'>;

export interface OpenAlertsOptions
  extends Omit<ConditionsOptions, 'judgeEventLoop' | 'minFreeBytes'>,
    AlertTuning {
  readonly config: Pick<Config, 'alerts' | 'redis' | 'minFreeBytes'>;
  readonly publicUrl: string;
  readonly log: Log;
  readonly onSent: NonNullable<AlertsOptions['onSent']>;
}

/** Starts the alerts; without ALERT_WEBHOOK_URL there are none. */
export function openAlerts({ config, ...options }: OpenAlertsOptions): Alerts {
  const { alerts: target, redis: address, minFreeBytes } = config;
  if (target === undefined) return { failed: () => {}, close: async () => {} };
  // The queue's own connection reports what is wrong with Redis.
  const redis = connect(address, 'briefly', () => {});
  const eventLoop = monitorEventLoop();
  const observe = () => findConditions({ ...options, minFreeBytes, judgeEventLoop: eventLoop.judge });
  const alerts = startAlerts({
    ...options,
    target,
    observe,
    store: openAlertStore(redis, keys.alerts(PREFIX)),
  });
  return {
    failed: alerts.failed,
    close: async () => {
      await alerts.close();
      eventLoop.close();
      redis.disconnect();
    },
  };
}
