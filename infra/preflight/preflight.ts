import * as cloudflare from '@pulumi/cloudflare';
import * as digitalocean from '@pulumi/digitalocean';
import * as pulumi from '@pulumi/pulumi';
import type { Settings } from './config.ts';

/** What a look at the two clouds before anything is made has found. */
export interface Found {
  /** Buckets that exist already and that this stack does not have: they are used as they are, or imported, instead of created. */
  readonly adopt: ReadonlySet<string>;
  /** Cloudflare's networks, from which alone requests come; none where it is not in front. */
  readonly proxies: readonly string[];
}

/** What a look gives: nothing, or what stands in the way; `certain` when no second look would tell otherwise. */
interface Obstacle {
  readonly what: string;
  readonly certain: boolean;
}

/**
 * Looks before leaping: are credentials accepted, is the size offered in the region, would the zone's SSL mode loop, and which
 * buckets are there. Throws a RunError with everything that stands in the way. A preview goes on where it merely could not
 * look, so that it works with no account, and says what it took for granted.
 */
export async function preflight(settings: Settings): Promise<Found> {
  const mine = await stackBuckets();
  const names = [settings.artBucket, settings.blobsBucket];
  const [proxies, region, zone, ...buckets] = await Promise.all([
    settings.proxied ? lookForProxies() : { networks: [], obstacle: undefined },
    lookAtRegion(settings),
    settings.proxied ? lookAtZone(settings.zoneId) : undefined,
    ...names.map((name) => (mine.has(name) ? undefined : lookForBucket(name, settings.region))),
  ]);
  const looks = buckets.map((look) => look ?? { exists: false });
  report(
    [proxies.obstacle, region, zone, ...looks.map((look) => look.obstacle)].filter(
      (obstacle) => obstacle !== undefined,
    ),
  );
  return { adopt: new Set(names.filter((_name, index) => looks[index]?.exists)), proxies: proxies.networks };
}

/**
 * The buckets that this stack made or adopted before, by its own outputs. Only the others are looked for: a bucket of the
 * stack's own would else be imported over itself by every `up`.
 */
async function stackBuckets(): Promise<ReadonlySet<string>> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const before = await new pulumi.StackReference('this-stack', { name }).getOutputDetails('buckets');
  return new Set(Array.isArray(before.value) ? before.value.map(String) : []);
}

async function lookForProxies(): Promise<{ networks: readonly string[]; obstacle?: Obstacle }> {
  try {
    const { ipv4Cidrs, ipv6Cidrs } = await cloudflare.getIpRanges();
    return { networks: [...ipv4Cidrs, ...ipv6Cidrs].sort() };
  } catch (error) {
    const what = `Cloudflare could not be asked for its networks, for which alone 80 and 443 are open (${reason(error)})`;
    return { networks: [], obstacle: { what, certain: false } };
  }
}

async function lookAtRegion({ region, dropletSize }: Settings): Promise<Obstacle | undefined> {
  try {
    const { available, sizes } = await digitalocean.getRegion({ slug: region });
    if (!available) return { what: `DigitalOcean makes no new droplets in ${region} now`, certain: true };
    if (sizes.includes(dropletSize)) return undefined;
    const list = sizes.filter((size) => size.startsWith('s-')).join(', ');
    return { what: `DigitalOcean offers no ${dropletSize} in ${region}, but ${list}`, certain: true };
  } catch (error) {
    const what = `DigitalOcean could not be asked about ${region}; is digitalocean:token right? (${reason(error)})`;
    return { what, certain: false };
  }
}

/** With SSL mode Flexible Cloudflare asks the host in plain HTTP, which is redirected to HTTPS, which is asked in plain HTTP … */
async function lookAtZone(zoneId: string): Promise<Obstacle | undefined> {
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
      `SSL and Certificates: Edit for the zone (${reason(error)})`;
    return { what, certain: false };
  }
}

async function lookForBucket(
  name: string,
  region: string,
): Promise<{ exists: boolean; obstacle?: Obstacle }> {
  try {
    await digitalocean.getSpacesBucket({ name, region });
    return { exists: true };
  } catch (error) {
    const text = String(error);
    if (/not found/i.test(text)) return { exists: false };
    if (/forbidden|accessdenied|status code: 403/i.test(text)) {
      const what = `the Space ${name} is somebody else's, or digitalocean:spacesAccessId may not use it: choose another name`;
      return { exists: false, obstacle: { what, certain: true } };
    }
    const what = `it could not be seen whether the Space ${name} exists, so it is taken as missing (${reason(error)})`;
    return { exists: false, obstacle: { what, certain: false } };
  }
}

function report(obstacles: readonly Obstacle[]): void {
  const fatal = obstacles.filter(({ certain }) => certain || !pulumi.runtime.isDryRun());
  for (const { what } of obstacles.filter((obstacle) => !fatal.includes(obstacle)))
    void pulumi.log.warn(what);
  if (fatal.length > 0) {
    throw new pulumi.RunError(`Nothing was changed:\n${fatal.map(({ what }) => `  - ${what}`).join('\n')}`);
  }
}

/** The last line of a provider's error says why; what is before it names Pulumi's own functions. */
function reason(error: unknown): string {
  const lines = String(error instanceof Error ? error.message : error)
    .trim()
    .split('\n');
  return (lines.at(-1) ?? '').replace(/^[\s*]+/, '').slice(0, 300);
}
