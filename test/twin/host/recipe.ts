import { createHash } from 'node:crypto';

/**
 * The inputs of a root filesystem. Their hash names it in the cache, so every input that changes the result belongs here.
 * The distribution is this machine's own, or another release of it (`OVEN_TWIN_SUITE`): its package sources are known to be within reach.
 */
export interface Recipe {
  readonly suite: string;
  readonly mirror: string;
  readonly components: readonly string[];
  readonly architecture: string;
}

/** Enough for apt to go on by itself: debootstrap does not resolve virtual packages such as those cloud-init needs. */
export const BOOTSTRAP = ['systemd', 'systemd-sysv', 'dbus', 'ca-certificates'] as const;

/** What a cloud's server image has before cloud-init runs, as far as anything here can notice. */
export const BASE = [
  'cloud-init',
  'openssh-server',
  'sudo',
  'libpam-systemd',
  'netbase',
  'iproute2',
  'iputils-ping',
  'procps',
  'curl',
  'logrotate',
  'unattended-upgrades',
  'apt-utils',
  'psmisc',
  'less',
] as const;

/** Where a host finds its packages: a folder of the machine it runs on. */
export const REPOSITORY = '/srv/packages';

/** The part of cloud-init's configuration that an image brings: where user-data is, and that the network stands already. */
const CLOUD_CONFIG = `datasource_list: [NoCloud, None]
network: {config: disabled}
apt: {preserve_sources_list: true}
# A name that nothing resolves makes every sudo wait for 20 seconds.
manage_etc_hosts: localhost
locale: C.UTF-8
disable_root: false
`;

/** The files laid into the finished root, by path. */
export const FILES: Readonly<Record<string, string>> = {
  '/etc/cloud/cloud.cfg.d/95-twin.cfg': CLOUD_CONFIG,
  '/etc/apt/sources.list': `deb [trusted=yes] file:${REPOSITORY} ./\n`,
  // The power may go while dpkg works, but then the test is over: installing takes a third of the time.
  '/etc/dpkg/dpkg.cfg.d/twin': 'force-unsafe-io\n',
  '/etc/machine-id': '',
  '/etc/resolv.conf': '',
  '/etc/hostname': 'twin\n',
};

/** Makes the root an image: what belongs to one machine, or to the making, goes. */
export const FINISH = `set -eu
rm -f /etc/ssh/ssh_host_*_key* /usr/sbin/policy-rc.d /etc/apt/sources.list.d/* /var/lib/dbus/machine-id
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb
# They would take apt's lock in the middle of a test.
for timer in apt-daily apt-daily-upgrade; do ln -sf /dev/null /etc/systemd/system/$timer.timer; done
`;

/** A short name for everything that makes a root what it is. */
export function hashOf(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
}
