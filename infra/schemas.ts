import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { webhookUrl } from '../service/config/values.ts';
import { variablesSetBy } from '../service/config/variables.ts';
import { publicKeyOf } from './openssh.ts';

// Schemas of single values. A message is the end of a sentence that starts with the key's name, and never has a secret in it.

/** DigitalOcean's regions that have Spaces. */
const SPACES_REGIONS = 'ams3 atl1 blr1 fra1 lon1 nyc3 sfo2 sfo3 sgp1 syd1 tor1'.split(' ');

/** A shorter prefix is no known address: it is more than 2^24 IPv4 addresses, or more than a provider's IPv6 block. */
const SHORTEST_PREFIX = { ipv4: 8, ipv6: 24 };

/** Variables of the service that the program or the release sets. */
const OWN_VARIABLES = new Set(variablesSetBy('stack', 'release', 'candidate'));

const value = z.string({ error: 'is not set' });

/** A fully qualified host name in lower case. */
export const hostName = value.refine(
  (name) => name.length <= 253 && /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/.test(name),
  'is not a host name such as oven.aesthetic.computer',
);

/** A name that DigitalOcean takes for a droplet, short enough to name other resources after it. */
export const dropletName = value.regex(
  /^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$/,
  'may have letters a–z, digits and hyphens only',
);

/** DigitalOcean's id of a droplet. */
export const dropletId = value.regex(/^\d{1,15}$/, "is not a droplet's id, which is a number");

/** DigitalOcean's slug of a size, an image or a region. */
export const slug = value.regex(/^[a-z0-9][a-z0-9._-]*$/, "is not one of DigitalOcean's slugs");

/** A region with Spaces. */
export const spacesRegion = value.refine(
  (region) => SPACES_REGIONS.includes(region),
  `has no Spaces; one of ${SPACES_REGIONS.join(', ')}`,
);

/** A name that S3 takes for a bucket, without dots, which the certificate of Spaces does not cover. */
export const bucketName = value.regex(
  /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
  'is not a name that a Space can have',
);

/** Cloudflare's id of a zone. */
export const zoneId = value.regex(
  /^[0-9a-f]{32}$/,
  "is not Cloudflare's id of a zone: 32 hexadecimal digits",
);

/** One e-mail address, roughly: a typing error must not lose a mail. */
export const email = value.regex(/^[^\s@,]+@[^\s@,]+\.[^\s@,]+$/, 'is not an e-mail address');

/** The URL of a webhook, as the service takes it. */
export const webhook = value.refine(
  (url) => webhookUrl.safeParse(url).success,
  'is not a URL such as https://discord.com/api/webhooks/ID/TOKEN',
);

/** `true` or `false`. */
export const flag = z
  .enum(['true', 'false'], { error: 'is neither true nor false' })
  .transform((text) => text === 'true');

/** The most hosts of a stack: the last of them reboots for an update 90 minutes after the first. */
const MOST_NODES = 10;

/** The number of hosts. */
export const nodeCount = value
  .regex(/^\d{1,9}$/, { error: 'is not a number', abort: true })
  .transform(Number)
  .refine((nodes) => nodes >= 1 && nodes <= MOST_NODES, {
    error: ({ input }) => `is ${input}, but a stack has 1 to ${MOST_NODES} hosts`,
  });

/** A network that may use SSH: a known one, not the world and not half of it. */
export const sshNetwork = value
  .refine(isNetwork, {
    error: ({ input }) => `has "${input}", which is not a network such as 203.0.113.7/32`,
    abort: true,
  })
  .refine(isNarrow, {
    error: ({ input }) => `has ${input}, which is too wide: SSH is for known addresses only`,
  });

/** Secrets with commas between, each too long to guess. */
export const secrets = value.refine(
  (list) => list.split(',').every((secret) => secret.trim().length >= 8),
  'has a secret of fewer than 8 characters',
);

/** A private key that Pulumi's command provider and cloud-init both understand. */
export const openSshKey = value.refine(
  (key) => publicKeyOf(key) !== undefined,
  "is not a private key in OpenSSH's format without a passphrase (ssh-keygen -t ed25519 -N '' makes one)",
);

/** The name of a further variable of the service. */
export const variableName = value
  .regex(/^[A-Z][A-Z0-9_]*$/, {
    error: ({ input }) => `has "${input}", which is not a name of a variable`,
    abort: true,
  })
  .refine((name) => !OWN_VARIABLES.has(name), {
    error: ({ input }) => `has ${input}, which the program sets itself`,
  });

/** A JSON text that fits `schema`; `otherwise` is the text of a key that is not set. Text that is no JSON reaches the schema as undefined. */
export function json<T extends z.ZodType>(schema: T, otherwise = '') {
  return z.string().default(otherwise).transform(parseOrUndefined).pipe(schema);
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isNetwork(network: string): boolean {
  const [address = '', prefix = ''] = network.split('/');
  return ipaddr.isValid(address) && /^\d{1,3}$/.test(prefix) && ipaddr.isValidCIDR(network);
}

function isNarrow(network: string): boolean {
  const [address = '', prefix = ''] = network.split('/');
  const isMapped = !isIPv4(address) && ipaddr.process(address).kind() === 'ipv4';
  return !isMapped && Number(prefix) >= SHORTEST_PREFIX[isIPv4(address) ? 'ipv4' : 'ipv6'];
}
