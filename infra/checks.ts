import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { variablesSetBy } from '../service/config/variables.ts';
import { publicKeyOf } from './openssh.ts';

/** A check gives what is wrong with a value, as the end of a sentence that starts with the key's name, or nothing. */
export type Check = (value: string) => string | undefined;

/** DigitalOcean's regions that have Spaces. */
const SPACES_REGIONS = 'ams3 atl1 blr1 fra1 lon1 nyc3 sfo2 sfo3 sgp1 syd1 tor1'.split(' ');

/** A network larger than this is no list of known addresses: 2^24 IPv4 addresses, or a provider's whole IPv6 block. */
const SHORTEST_PREFIX = { ipv4: 8, ipv6: 24 };

/** Variables of the service that the program sets itself, or the host's release. */
const OWN_VARIABLES = new Set(variablesSetBy('stack', 'release', 'candidate'));

/** A fully qualified host name in lower case. */
export const hostName: Check = (value) =>
  value.length <= 253 && /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/.test(value)
    ? undefined
    : 'is not a host name such as oven.aesthetic.computer';

/** What DigitalOcean takes as a droplet's name, short enough to name other things after it. */
export const dropletName: Check = (value) =>
  /^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$/.test(value)
    ? undefined
    : 'may have letters a–z, digits and hyphens only';

/** DigitalOcean's id of a droplet. */
export const dropletId: Check = (value) =>
  /^\d{1,15}$/.test(value) ? undefined : "is not a droplet's id, which is a number";

/** A slug of DigitalOcean's, of a size or an image. */
export const slug: Check = (value) =>
  /^[a-z0-9][a-z0-9._-]*$/.test(value) ? undefined : "is not one of DigitalOcean's slugs";

/** A region with Spaces. */
export const spacesRegion: Check = (value) =>
  SPACES_REGIONS.includes(value) ? undefined : `has no Spaces; one of ${SPACES_REGIONS.join(', ')}`;

/** What S3 takes as a bucket's name, without dots, which its certificate would not cover. */
export const bucketName: Check = (value) =>
  /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(value) ? undefined : 'is not a name that a Space can have';

/** Cloudflare's id of a zone. */
export const zoneId: Check = (value) =>
  /^[0-9a-f]{32}$/.test(value) ? undefined : "is not Cloudflare's id of a zone: 32 hexadecimal digits";

/** One address, roughly: what matters is that a mail can't be lost to a typing error. */
export const email: Check = (value) =>
  /^[^\s@,]+@[^\s@,]+\.[^\s@,]+$/.test(value) ? undefined : 'is not an e-mail address';

/** A network that may use SSH: never the world, nor half of it. */
export const sshNetwork: Check = (value) => {
  const [address = '', prefix = ''] = value.split('/');
  if (!ipaddr.isValid(address) || !/^\d{1,3}$/.test(prefix) || !ipaddr.isValidCIDR(value)) {
    return `has "${value}", which is not a network such as 203.0.113.7/32`;
  }
  const mapped = !isIPv4(address) && ipaddr.process(address).kind() === 'ipv4';
  if (mapped || Number(prefix) < SHORTEST_PREFIX[isIPv4(address) ? 'ipv4' : 'ipv6']) {
    return `has ${value}, which is too wide: SSH is for known addresses only`;
  }
  return undefined;
};

/** A comma-separated list of secrets that nobody guesses. */
export const secrets: Check = (value) =>
  value.split(',').every((secret) => secret.trim().length >= 8)
    ? undefined
    : 'has a secret of fewer than 8 characters';

/** A private key that Pulumi's command provider and cloud-init both understand. */
export const openSshKey: Check = (value) =>
  publicKeyOf(value) !== undefined
    ? undefined
    : "is not a private key in OpenSSH's format without a passphrase (ssh-keygen -t ed25519 -N '' makes one)";

/** The name of a further variable of the service. */
export const variable: Check = (name) => {
  if (!/^[A-Z][A-Z0-9_]*$/.test(name)) return `has "${name}", which is not a name of a variable`;
  return OWN_VARIABLES.has(name) ? `has ${name}, which the program sets itself` : undefined;
};
