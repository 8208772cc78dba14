import { resolve } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { addressesOf } from './addresses.ts';
import { readSettings } from './config.ts';
import { describeCosts } from './costs.ts';
import { Edge } from './edge.ts';
import { serviceEnvironment } from './environment.ts';
import { Host } from './host.ts';
import { Monitoring } from './monitoring.ts';
import { preflight } from './preflight/preflight.ts';
import { Queue } from './queue.ts';
import { buildRelease } from './release/build.ts';
import { Release } from './release.ts';
import { siteOf } from './site.ts';
import { Storage } from './storage.ts';

/** Declares all resources of Oven: buckets, host, DNS record, release, monitoring. */
export default async function program() {
  const settings = readSettings();
  const { adopt, proxies, accountKey, before } = await preflight(settings);
  if (pulumi.runtime.isDryRun()) void pulumi.log.info(describeCosts(settings));
  const root = resolve(import.meta.dirname, '..');
  const build = await buildRelease({ root, site: siteOf(settings, proxies) });

  const storage = new Storage('storage', { settings, adopt });
  const host = new Host('host', { settings, proxies, accountKey, before, after: storage });
  const queue = settings.nodes > 1 ? new Queue('queue', { settings, host, after: storage }) : undefined;
  const edge = new Edge('edge', { settings });
  const environment = serviceEnvironment(settings, storage, queue);
  const { certificate } = edge;
  const release = new Release('release', { host, queue, before, build, environment, certificate });
  edge.lead(host.entrance, release.beforeRecord);
  // The name 'watch' stays: Pulumi replaces a renamed resource.
  new Monitoring(
    'watch',
    { settings, tag: host.tag, queueTag: queue?.tag },
    { dependsOn: release.reachable },
  );

  return {
    url: `https://${settings.domain}`,
    ...addressesOf(host, queue),
    sshPrivateKey: host.login.privateKey,
    // The next run reads these: the stack's own buckets, the droplet with the queue, and the number of hosts, which is 1 when it is missing.
    buckets: storage.own,
    ...release.hosts,
    cdn: settings.cdnDomain ?? null,
    release: build.hash,
  };
}
