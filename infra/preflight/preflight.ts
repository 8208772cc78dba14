import * as pulumi from '@pulumi/pulumi';
import type { Settings } from '../config.ts';
import { lookAtZone, lookForCdn, lookForProxies } from './cloudflare.ts';
import { hasDroplet, lookAtRegion, lookAtSpacesKeys, lookForBucket, lookForKey } from './digitalocean.ts';
import { type Look, report } from './obstacle.ts';

/** What a look at the two clouds before anything is made has found. */
export interface Found {
  /** Buckets that exist already and that this stack does not have: they are used as they are, or imported, instead of created. */
  readonly adopt: ReadonlySet<string>;
  /** Cloudflare's networks, from which alone requests come; none where it is not in front. */
  readonly proxies: readonly string[];
  /** The id of the account's key that is to be logged in with, where it has it already. */
  readonly accountKey: string | undefined;
  readonly before: Before;
}

/** Which droplets the stack had, by the outputs of the last run that ended well. */
export interface Before {
  /** The id of the one that had the address, and so the queue. */
  readonly host: string | undefined;
  /** Whether that one is still there, and not given up. */
  readonly isThere: boolean;
  /** The one from which it took over. */
  readonly predecessor: string | undefined;
}

/** The oldest engine that is known to do. 3.174 is the first that imports what differs from the program; 3.219 the first that can be asked. */
const OLDEST_ENGINE = '3.219.0';

/**
 * Looks before leaping: are credentials accepted, is the size offered in the region, would the zone's SSL mode loop, and what is there
 * already. Throws a RunError with everything that stands in the way.
 */
export async function preflight(settings: Settings): Promise<Found> {
  await pulumi.requirePulumiVersion(`>=${OLDEST_ENGINE}`);
  const { artBucket, blobsBucket, spacesRegion, proxied, cdnDomain, loginPublicKey } = settings;
  const { buckets: mine, host, predecessor } = await outputsBefore();
  const names = [artBucket, blobsBucket];
  const makesKeys = settings.artKeys === undefined || settings.blobsKeys === undefined;
  const [proxies, key, isThere, buckets, ...obstacles] = await Promise.all([
    proxied ? lookForProxies() : nothing([]),
    loginPublicKey === undefined ? nothing(undefined) : lookForKey(loginPublicKey),
    host !== undefined && host !== settings.abandonedHost && hasDroplet(host),
    Promise.all(names.map((name) => (mine.has(name) ? nothing(false) : lookForBucket(name, spacesRegion)))),
    lookAtRegion(settings),
    proxied ? lookAtZone(settings) : undefined,
    cdnDomain === undefined ? undefined : lookForCdn(cdnDomain, settings),
    makesKeys ? lookAtSpacesKeys() : undefined,
  ]);
  const looks = [proxies, key, ...buckets].map(({ obstacle }) => obstacle);
  report([...looks, ...obstacles].filter((obstacle) => obstacle !== undefined));
  if (key.found) {
    void pulumi.log.info(
      `the account has the key of sshPrivateKey already, as "${key.found.name}": it is used, and stays when the stack goes`,
    );
  }
  return {
    adopt: new Set(names.filter((_name, index) => buckets[index]?.found)),
    proxies: proxies.found,
    accountKey: key.found?.id,
    before: { host, isThere, predecessor },
  };
}

/**
 * What the last run that ended well gave out, which is how this one knows what is the stack's own. A bucket of it is not looked for: it
 * would be imported over itself by every `up`.
 */
async function outputsBefore() {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const stack = new pulumi.StackReference('this-stack', { name });
  const [buckets, host, predecessor] = await Promise.all(
    ['buckets', 'host', 'predecessor'].map(async (key) => (await stack.getOutputDetails(key)).value),
  );
  const text = (value: unknown) => (value ? String(value) : undefined);
  const own: ReadonlySet<string> = new Set(Array.isArray(buckets) ? buckets.map(String) : []);
  return { buckets: own, host: text(host), predecessor: text(predecessor) };
}

/** What was not looked at, since it does not matter. */
function nothing<T>(found: T): Look<T> {
  return { found };
}
