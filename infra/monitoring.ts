import * as cloudflare from '@pulumi/cloudflare';
import * as digitalocean from '@pulumi/digitalocean';
import * as pulumi from '@pulumi/pulumi';
import type { Settings } from './config.ts';

export interface MonitoringArgs {
  readonly settings: Settings;
  readonly tag: pulumi.Output<string>;
  /** The tag of the queue host, where there is one. */
  readonly queueTag: pulumi.Output<string> | undefined;
}

/**
 * Mails when the host lacks disk, memory or processor time, and when Oven does not answer, answers late or falls behind. The resource type keeps
 * its former name: Pulumi replaces a resource whose type changes.
 */
export class Monitoring extends pulumi.ComponentResource {
  constructor(
    name: string,
    { settings, tag, queueTag }: MonitoringArgs,
    options?: pulumi.ComponentResourceOptions,
  ) {
    super('oven:watch:Watch', name, {}, options);
    const notifications = [{ emails: [settings.alertEmail] }];
    const watch = ({ use, ...alert }: ResourceAlert, of: pulumi.Output<string>) =>
      new digitalocean.MonitorAlert(
        use,
        { ...alert, compare: 'GreaterThan', tags: [of], alerts: { emails: [settings.alertEmail] } },
        { parent: this },
      );
    for (const alert of RESOURCE_ALERTS) watch(alert, tag);
    if (queueTag !== undefined) for (const alert of QUEUE_ALERTS) watch(alert, queueTag);
    for (const { check, path, alerts } of UPTIME_CHECKS) {
      const target = `https://${settings.domain}${path}`;
      const { id: checkId } = new digitalocean.UptimeCheck(
        check,
        {
          name: `${settings.domain}${path}`,
          target,
          type: 'https',
          regions: ['us_west', 'us_east', 'eu_west'],
        },
        { parent: this },
      );
      for (const alert of alerts) {
        const args = { ...alert, name: `${settings.domain}${path} ${alert.type}`, checkId, notifications };
        new digitalocean.UptimeAlert(`${check}-${alert.type}`, args, { parent: this });
      }
    }
    if (settings.cloudflareHealthcheck) checkFromCloudflare(this, settings);
    this.registerOutputs({});
  }
}

/**
 * Cloudflare's own check of the address that callers use, and a mail when it turns bad or good. Two failures in a row count, each after two more
 * tries at once. Cloudflare allows no other characters in the name of a check.
 */
function checkFromCloudflare(parent: pulumi.Resource, settings: Settings): void {
  const { domain, zoneId, dropletName, alertEmail } = settings;
  const check = new cloudflare.Healthcheck(
    'cloudflare-health',
    {
      zoneId,
      name: `${dropletName}-health`,
      description: `https://${domain}/health`,
      address: domain,
      type: 'HTTPS',
      httpConfig: { method: 'GET', path: '/health', expectedCodes: ['200'] },
      interval: 60,
      timeout: 5,
      retries: 2,
      consecutiveFails: 2,
      consecutiveSuccesses: 2,
    },
    { parent },
  );
  new cloudflare.NotificationPolicy(
    'cloudflare-health',
    {
      accountId: cloudflare.getZoneOutput({ zoneId }, { parent }).account.id,
      name: `${domain}/health`,
      alertType: 'health_check_status_notification',
      enabled: true,
      mechanisms: { emails: [{ id: alertEmail }] },
      filters: { healthCheckIds: [check.id], statuses: ['Unhealthy', 'Healthy'] },
    },
    { parent },
  );
}

/** Thresholds in per cent. Encoders use the whole processor for a while; after an hour of it tapes pile up. */
const RESOURCE_ALERTS = [
  {
    use: 'disk',
    type: 'v1/insights/droplet/disk_utilization_percent',
    value: 80,
    window: '5m',
    description: 'Oven: disk nearly full',
  },
  {
    use: 'memory',
    type: 'v1/insights/droplet/memory_utilization_percent',
    value: 90,
    window: '10m',
    description: 'Oven: short of memory',
  },
  {
    use: 'cpu',
    type: 'v1/insights/droplet/cpu',
    value: 95,
    window: '1h',
    description: 'Oven: processor busy for an hour',
  },
] as const;

type ResourceAlert = (typeof RESOURCE_ALERTS | typeof QUEUE_ALERTS)[number];

/** Redis refuses new tapes when its part of the memory is full, and stops when its disk is. */
const QUEUE_ALERTS = [
  {
    use: 'queue-disk',
    type: 'v1/insights/droplet/disk_utilization_percent',
    value: 70,
    window: '5m',
    description: 'Oven: disk of the queue nearly full',
  },
  {
    use: 'queue-memory',
    type: 'v1/insights/droplet/memory_utilization_percent',
    value: 80,
    window: '5m',
    description: 'Oven: the queue is short of memory',
  },
] as const;

/** Latency in milliseconds, certificate in remaining days. One of the checking regions may have trouble of its own, but not all at once. */
const UPTIME_CHECKS = [
  {
    check: 'health',
    path: '/health',
    alerts: [
      { type: 'down_global', period: '2m' },
      { type: 'latency', threshold: 2000, comparison: 'greater_than', period: '5m' },
      { type: 'ssl_expiry', threshold: 10, comparison: 'less_than', period: '1h' },
    ],
  },
  { check: 'work', path: '/health/work', alerts: [{ type: 'down_global', period: '10m' }] },
] as const;
