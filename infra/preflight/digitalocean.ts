import * as digitalocean from '@pulumi/digitalocean';
import type { Settings } from '../config.ts';
import { QUEUE_SIZE } from '../costs.ts';
import { fingerprintOf } from '../openssh.ts';
import { type Lookup, lastLineOf, type Problem } from './problem.ts';

/** Checks that DigitalOcean offers the size of each host in their region. */
export async function checkRegion({ region, dropletSize, nodes }: Settings): Promise<Problem | undefined> {
  try {
    const { available, sizes } = await digitalocean.getRegion({ slug: region });
    if (!available) return { what: `DigitalOcean makes no new droplets in ${region} now`, certain: true };
    const missing = [dropletSize, ...(nodes > 1 ? [QUEUE_SIZE] : [])].find((size) => !sizes.includes(size));
    if (missing === undefined) return undefined;
    const list = sizes.filter((size) => size.startsWith('s-')).join(', ');
    return { what: `DigitalOcean offers no ${missing} in ${region}, but ${list}`, certain: true };
  } catch (error) {
    const what = `DigitalOcean could not be asked about ${region}; is digitalocean:token right? (${lastLineOf(error)})`;
    return { what, certain: false };
  }
}

/** Whether a Space exists. */
export async function findBucket(name: string, region: string): Promise<Lookup<boolean>> {
  try {
    await digitalocean.getSpacesBucket({ name, region });
    return { found: true };
  } catch (error) {
    const text = String(error);
    if (/not found/i.test(text)) return { found: false };
    if (/forbidden|accessdenied|status code: 403/i.test(text)) {
      const what = `the Space ${name} is somebody else's, or digitalocean:spacesAccessId may not use it: choose another name`;
      return { found: false, problem: { what, certain: true } };
    }
    const what = `it could not be seen whether the Space ${name} exists, so it is taken as missing (${lastLineOf(error)})`;
    return { found: false, problem: { what, certain: false } };
  }
}

/** Checks that the Space of users' tapes exists: it is the site's, and the program does not make it. */
export async function checkUserBucket(name: string, region: string): Promise<Problem | undefined> {
  const { found, problem } = await findBucket(name, region);
  if (found || problem) return problem;
  return {
    what: `there is no Space ${name} in ${region}: correct userBucket, or leave it empty`,
    certain: true,
  };
}

/** The account's SSH key with this public half. DigitalOcean accepts no key twice. */
export async function findAccountKey(publicKey: string): Promise<Lookup<AccountKey | undefined>> {
  try {
    const { sshKeys } = await digitalocean.getSshKeys();
    const fingerprint = fingerprintOf(publicKey);
    const key = sshKeys.find((one) => one.fingerprint === fingerprint);
    return { found: key && { id: String(key.id), name: key.name } };
  } catch (error) {
    const what = `it could not be seen whether the account has the key of sshPrivateKey already (${lastLineOf(error)})`;
    return { found: undefined, problem: { what, certain: false } };
  }
}

/** An SSH key of the account. */
export interface AccountKey {
  readonly id: string;
  readonly name: string;
}

/**
 * Checks that the token may read Spaces keys, which is a scope of its own, by a request for a key that does not exist. Only making a key shows
 * whether the token may make one; that happens before the host is made.
 */
export async function checkSpacesKeyScope(): Promise<Problem | undefined> {
  try {
    await digitalocean.getSpacesKey({ accessKey: 'DO00NOBODYSKEY' });
    return undefined;
  } catch (error) {
    if (!/\b403\b/.test(String(error))) return undefined;
    const what =
      'digitalocean:token may not use Spaces keys, which are made for the service: it needs the scopes spaces_key:read, ' +
      'spaces_key:create_credentials, spaces_key:update and spaces_key:delete; or set artSpacesKey, artSpacesSecret, blobsSpacesKey ' +
      `and blobsSpacesSecret (userSpacesKey and userSpacesSecret too, with userBucket) (${lastLineOf(error)})`;
    return { what, certain: true };
  }
}

/** Whether a droplet exists; also true when DigitalOcean does not answer. */
export async function dropletExists(id: string): Promise<boolean> {
  try {
    await digitalocean.getDroplet({ id: Number(id) });
    return true;
  } catch (error) {
    return !/404|not found|could not be found/i.test(String(error));
  }
}
