import { lookup } from 'node:dns/promises';
import * as cloudflare from '@pulumi/cloudflare';
import type { Settings } from '../config.ts';
import { type Lookup, lastLineOf, type Problem } from './problem.ts';

/** Cloudflare's networks. The firewall opens the ports 80 and 443 to them only. */
export async function findProxyNetworks(): Promise<Lookup<readonly string[]>> {
  try {
    const { ipv4Cidrs, ipv6Cidrs } = await cloudflare.getIpRanges();
    return { found: [...ipv4Cidrs, ...ipv6Cidrs].sort() };
  } catch (error) {
    const what = `Cloudflare could not be asked for its networks, for which alone 80 and 443 are open (${lastLineOf(error)})`;
    return { found: [], problem: { what, certain: false } };
  }
}

/** Refuses SSL mode Flexible: Cloudflare would request plain HTTP, and the host would redirect it to HTTPS again and again. */
export async function checkSslMode({ zoneId }: Settings): Promise<Problem | undefined> {
  try {
    const { value } = await cloudflare.getZoneSetting({ zoneId, settingId: 'ssl' });
    if (value !== 'flexible' && value !== 'off') return undefined;
    const what =
      `the zone's SSL mode is "${value}", with which requests would go round in circles; set it to Full (strict) at ` +
      'Cloudflare, SSL/TLS → Overview. This program changes nothing that other hosts of the zone share.';
    return { what, certain: true };
  } catch (error) {
    const what =
      "Cloudflare could not be asked for the zone's SSL mode; the token needs Zone Settings: Read, DNS: Edit and " +
      `SSL and Certificates: Edit for the zone (${lastLineOf(error)})`;
    return { what, certain: false };
  }
}

/** Checks that the CDN's name exists, which the operator makes. Without it every URL of a video would fail. */
export async function checkCdnName(name: string, { blobsBucket, spacesRegion }: Settings) {
  try {
    await lookup(name);
    return undefined;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOTFOUND';
    const what = isMissing
      ? `there is no name ${name} (cdnDomain): make it at Cloudflare, a proxied CNAME to ` +
        `${blobsBucket}.${spacesRegion}.cdn.digitaloceanspaces.com, or pulumi config rm cdnDomain`
      : `it could not be looked up whether there is a name ${name} (${lastLineOf(error)})`;
    return { what, certain: isMissing };
  }
}
