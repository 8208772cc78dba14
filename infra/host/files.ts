import { renderBalancer } from './balancer.ts';
import { renderCaddy, renderCaddyUnit } from './caddy.ts';
import { renderDiskCheck, renderDiskTimer } from './disk.ts';
import { renderFolders } from './folders.ts';
import { renderLogrotate } from './logrotate.ts';
import { BALANCER_FILE, TEMP_DIR } from './paths.ts';
import { renderPredecessor } from './predecessor.ts';
import { renderRedis, renderRedisUnit } from './redis.ts';
import { renderService } from './service.ts';
import type { HostFile, Site } from './site.ts';
import { renderSocket } from './socket.ts';
import { renderSwap, renderSysctl } from './swap.ts';

/** Every file that a release installs on its host. None is secret. A release without one of them removes it. */
export function hostFiles(site: Site): readonly HostFile[] {
  return [
    { path: '/etc/caddy/Caddyfile', content: renderCaddy(site) },
    { path: '/etc/logrotate.d/oven', content: renderLogrotate() },
    ...(site.balanced ? [{ path: BALANCER_FILE, content: renderBalancer() }] : []),
    { path: '/etc/oven/host.env', content: renderHostEnvironment() },
    { path: '/etc/redis/oven.conf', content: renderRedis() },
    { path: '/etc/sysctl.d/60-oven.conf', content: renderSysctl() },
    { path: '/etc/systemd/system/caddy.service.d/oven.conf', content: renderCaddyUnit() },
    { path: '/etc/systemd/system/oven-disk.service', content: renderDiskCheck() },
    { path: '/etc/systemd/system/oven-disk.timer', content: renderDiskTimer() },
    { path: '/etc/systemd/system/oven-predecessor.service', content: renderPredecessor() },
    { path: '/etc/systemd/system/oven-swap.service', content: renderSwap() },
    { path: '/etc/systemd/system/oven.service', content: renderService() },
    { path: '/etc/systemd/system/oven.socket', content: renderSocket() },
    { path: '/etc/systemd/system/redis-server.service.d/oven.conf', content: renderRedisUnit() },
    { path: '/etc/tmpfiles.d/oven.conf', content: renderFolders() },
  ];
}

/** The host's own variables. systemd reads them last, so they replace the stack's. */
function renderHostEnvironment(): string {
  return `HOST=127.0.0.1
NODE_ENV=production
PORT=3000
TEMP_DIR=${TEMP_DIR}
`;
}
