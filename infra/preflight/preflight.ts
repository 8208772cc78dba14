import * as pulumi from '@pulumi/pulumi';
import type { Settings } from '../config.ts';
import { checkCdnName, checkSslMode, findProxyNetworks } from './cloudflare.ts';
import {
  checkRegion,
  checkSpacesKeyScope,
  checkUserBucket,
  dropletExists,
  findAccountKey,
  findBucket,
} from './digitalocean.ts';
import { type Lookup, reportProblems } from './problem.ts';

/** The result of the checks of both clouds, before anything is made. */
export interface PreflightResult {
  /** Buckets that exist and are not in this stack: the program uses or imports them. */
  readonly adopt: ReadonlySet<string>;
  /** Cloudflare's networks; empty when the record is not proxied. */
  readonly proxies: readonly string[];
  /** The id of the login key, when the account already has it. */
  readonly accountKey: string | undefined;
  readonly before: PreviousRun;
}

/** The droplets of the stack, by the outputs of the last successful run. */
export interface PreviousRun {
  /** The id of the droplet with the address, and so with the queue. */
  readonly host: string | undefined;
  /** Whether it still exists and is not abandoned. */
  readonly isThere: boolean;
  /** The droplet that it took over from. */
  readonly predecessor: string | undefined;
  /** How many hosts the stack had. */
  readonly nodes: number;
}

/** The oldest engine that works: 3.174 is the first that imports a resource that differs from the program, 3.219 the first that tells its version. */
const OLDEST_ENGINE = '3.219.0';

/**
 * Checks both clouds before anything is made: credentials, the size in the region, the zone's SSL mode, and existing resources. Throws a RunError
 * with every problem.
 */
export async function preflight(settings: Settings): Promise<PreflightResult> {
  await pulumi.requirePulumiVersion(`>=${OLDEST_ENGINE}`);
  const { artBucket, userBucket, blobsBucket, spacesRegion, proxied, cdnDomain, loginPublicKey } = settings;
  const { buckets: mine, host, predecessor, nodes } = await readPreviousOutputs();
  const names = [artBucket, blobsBucket];
  const makesUserKeys = userBucket !== undefined && settings.userKeys === undefined;
  const makesKeys = makesUserKeys || settings.artKeys === undefined || settings.blobsKeys === undefined;
  const [proxies, key, isThere, buckets, ...checks] = await Promise.all([
    proxied ? findProxyNetworks() : notLookedUp([]),
    loginPublicKey === undefined ? notLookedUp(undefined) : findAccountKey(loginPublicKey),
    host !== undefined && host !== settings.abandonedHost && dropletExists(host),
    Promise.all(names.map((name) => (mine.has(name) ? notLookedUp(false) : findBucket(name, spacesRegion)))),
    userBucket === undefined ? undefined : checkUserBucket(userBucket, spacesRegion),
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
    before: { host, isThere, predecessor, nodes },
  };
}

/**
 * The outputs of the last successful run: they tell which resources are the stack's own. A bucket of the stack is not looked up, because each `up`
 * would import it again.
 */
async function readPreviousOutputs() {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const stack = new pulumi.StackReference('this-stack', { name });
  const [buckets, host, predecessor, nodes] = await Promise.all(
    ['buckets', 'host', 'predecessor', 'nodes'].map(async (key) => (await stack.getOutputDetails(key)).value),
  );
  const text = (value: unknown) => (value ? String(value) : undefined);
  const own: ReadonlySet<string> = new Set(Array.isArray(buckets) ? buckets.map(String) : []);
  return { buckets: own, host: text(host), predecessor: text(predecessor), nodes: Number(nodes ?? 1) };
}

/** The result of a lookup that is not needed. */
function notLookedUp<T>(found: T): Lookup<T> {
  return { found };
}
