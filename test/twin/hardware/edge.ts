import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Authority } from '../../deploy/certificate.ts';
import { until } from '../../rig/until.ts';
import type { Network } from '../net/network.ts';
import { startIn } from './program.ts';

/** What stands in Cloudflare's place: ends visitors' TLS, and asks the origin. */
export interface Edge {
  readonly address: string;
  /** Replaces the names that it answers for, and where the origin of each is. */
  set(origins: ReadonlyMap<string, string>): Promise<void>;
  close(): Promise<void>;
}

export interface EdgeOptions {
  readonly folder: string;
  /** An address of the networks that Cloudflare is said to have. */
  readonly address: string;
  readonly caddy: string;
  /** The certificate authority that visitors trust. */
  readonly authority: Authority;
  /** The certificate of the authority for origins, PEM: another one at the origin is refused, as with Full (strict). */
  readonly originCa: string;
}

/** Caddy in a namespace of its own. */
export async function openEdge(network: Network, options: EdgeOptions): Promise<Edge> {
  const { folder, address, caddy, authority } = options;
  const at = await network.attach('cloudflare', address);
  const place = join(folder, 'cloudflare');
  await mkdir(place);
  const [config, originCa] = [join(place, 'Caddyfile'), join(place, 'origin-ca.pem')];
  await writeFile(originCa, options.originCa);
  await writeFile(config, renderEdge([]));
  const env = { HOME: place, XDG_DATA_HOME: place, XDG_CONFIG_HOME: place };
  const command = ['--config', config, '--adapter', 'caddyfile'];
  const program = startIn(at, caddy, ['run', ...command], env);
  const reload = () => execa('ip', ['netns', 'exec', at.name, caddy, 'reload', ...command], { env });
  await until('the edge runs', async () => (await reload()).exitCode === 0);
  return {
    address,
    set: async (origins) => {
      const sites = [];
      for (const [name, origin] of origins) {
        const { chain, key } = await authority.issue(name);
        const file = join(place, `${name}.pem`);
        await writeFile(file, `${chain}\n${key}`, { mode: 0o600 });
        sites.push({ name, origin, certificate: file, originCa });
      }
      await writeFile(config, renderEdge(sites));
      await reload();
    },
    close: program.end,
  };
}

interface EdgeSite {
  readonly name: string;
  readonly origin: string;
  /** Certificate and key in one file. */
  readonly certificate: string;
  readonly originCa: string;
}

/** Caddy's configuration: no page of its own, no second try, and no origin whose certificate is not the authority's for that name. */
export function renderEdge(sites: readonly EdgeSite[]): string {
  return `{
	auto_https off
	admin 127.0.0.1:2019
}
${sites.map(renderSite).join('')}`;
}

function renderSite({ name, origin, certificate, originCa }: EdgeSite): string {
  return `https://${name} {
	tls ${certificate} ${certificate}
	reverse_proxy https://${origin} {
		flush_interval -1
		header_up Host ${name}
		header_up CF-Connecting-IP {remote_host}
		transport http {
			tls_server_name ${name}
			tls_trusted_ca_certs ${originCa}
		}
	}
}
`;
}
