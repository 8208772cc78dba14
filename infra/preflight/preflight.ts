import * as pulumi from '@pulumi/pulumi';
import type { Settings } from '../config.ts';
import { checkCdnName, checkSslMode, findProxyNetworks } from './cloudflare.ts';
import {
  checkRegion,
  checkSpacesKeyScope,
  dropletExists,
  findAccountKey,
  findBucket,
} from './digitalocean.ts';
import { type Lookup, reportProblems } from './problem.ts';

/** What a look at the two clouds before anything is made has found. */
export interface PreflightResult {
  /** Buckets that exist already and that this stack does not have: they are used as they are, or imported, instead of created. */
  readonly adopt: ReadonlySet<string>;
  /** Cloudflare's networks, from which alone requests come; none where it is not in front. */
  readonly proxies: readonly string[];
  /** The id of the account's key that is to be logged in with, where it has it already. */
  readonly accountKey: string | undefined;
  readonly before: PreviousRun;
}

/** Which droplets the stack had, by the outputs of the last run that ended well. */
export interface PreviousRun {
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
export async function preflight(settings: Settings): Promise<PreflightResult> {
  await pulumi.requirePulumiVersion(`>=${OLDEST_ENGINE}`);
  const { artBucket, blobsBucket, spacesRegion, proxied, cdnDomain, loginPublicKey } = settings;
  const { buckets: mine, host, predecessor } = await readPreviousOutputs();
  const names = [artBucket, blobsBucket];
  const makesKeys = settings.artKeys === undefined || settings.blobsKeys === undefined;
  const [proxies, key, isThere, buckets, ...checks] = await Promise.all([
    proxied ? findProxyNetworks() : notLookedUp([]),
    loginPublicKey === undefined ? notLookedUp(undefined) : findAccountKey(loginPublicKey),
    host !== undefined && host !== settings.abandonedHost && dropletExists(host),
    Promise.all(names.map((name) => (mine.has(name) ? notLookedUp(false) : findBucket(name, spacesRegion)))),
    checkRegion(settings),
    proxied ? checkSslMode(settings) : undefined,
    cdnDomain === undefined ? undefined : checkCdnName(cdnDomain, settings),
    makesKeys ? checkSpacesKeyScope() : undefined,
  ]);
  const lookups = [proxies, key, ...buckets].map(({ problem }) => problem);
  reportProblems([...lookups, ...checks].filter((problem) => problem !== undefined));
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
async function readPreviousOutputs() {
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
function notLookedUp<T>(found: T): Lookup<T> {
  return { found };
}
