import { join } from 'node:path';
import { PACKAGES } from '../../cloud-init/user-data.ts';
import { ensurePackages } from '../twin/host/packages.ts';
import { ensureRoot } from '../twin/host/root.ts';

/** The Caddy of the hosts, which is a program of this machine's own distribution: nothing has to be installed for the edge. */
export async function caddyOfHosts(): Promise<string> {
  const { layer } = await ensurePackages(await ensureRoot(), PACKAGES);
  return join(layer, 'usr/bin/caddy');
}
