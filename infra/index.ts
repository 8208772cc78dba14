import { resolve } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { readSettings } from './config.ts';
import { Edge } from './edge.ts';
import { serviceEnvironment } from './environment.ts';
import { predecessorOf } from './handover.ts';
import { Host } from './host.ts';
import { Monitoring } from './monitoring.ts';
import { preflight } from './preflight/preflight.ts';
import { buildRelease } from './release/build.ts';
import { Release } from './release.ts';
import { Storage } from './storage.ts';

/** Declares all resources of Oven: buckets, host, DNS record, release, monitoring. */
export default async function program() {
  const settings = readSettings();
  const { adopt, proxies, accountKey, before } = await preflight(settings);
  const { domain, proxied, alertEmail, cdnDomain } = settings;
  const site = { domain, proxied, trustedProxies: proxies, acmeEmail: alertEmail };
  const build = await buildRelease({ root: resolve(import.meta.dirname, '..'), site });

  const storage = new Storage('storage', { settings, adopt });
  const host = new Host('host', { settings, proxies, accountKey, after: storage });
  const address = host.address.ipAddress;
  const edge = new Edge('edge', { settings, address });
  const environment = serviceEnvironment(settings, storage);
  const { certificate } = edge;
  const release = new Release('release', { host, before, build, environment, certificate });
  const droplet = release.assignment.dropletId.apply(String);
  // It depends on the address and not on the whole release: otherwise `drain` of a lost host could not be deleted from the state.
  // The name 'watch' stays: Pulumi replaces a renamed resource.
  new Monitoring('watch', { settings, tag: host.tag }, { dependsOn: [release.assignment] });

  return {
    url: `https://${domain}`,
    ip: address,
    ssh: pulumi.interpolate`ssh -i ~/.ssh/oven-deploy-key root@${address}`,
    sshPrivateKey: host.privateKey,
    knownHost: pulumi.interpolate`${address} ${host.hostKey}`,
    // The next run reads these three: the stack's own buckets, and the droplet with the queue.
    buckets: storage.own,
    host: droplet,
    predecessor: droplet.apply((id) => predecessorOf(id, before) ?? ''),
    cdn: cdnDomain ?? null,
    release: build.hash,
  };
}
