import { variablesSetBy } from '../service/config/variables.ts';

/** One value for a stack's configuration. With `path` Pulumi reads dots in the key as levels. */
export interface ConfigEntry {
  readonly key: string;
  readonly value: string;
  readonly secret: boolean;
  readonly path: boolean;
}

export interface VaultPlan {
  readonly entries: readonly ConfigEntry[];
  /** Variables that Oven does not know. */
  readonly unknown: readonly string[];
  /** Notes for the operator, without values. */
  readonly notes: readonly string[];
}

type Variables = Readonly<Record<string, string | undefined>>;

const SECRET: Readonly<Record<string, readonly string[]>> = {
  ART_SPACES_KEY: ['oven:artSpacesKey'],
  ART_SPACES_SECRET: ['oven:artSpacesSecret'],
  USER_SPACES_KEY: ['oven:userSpacesKey'],
  USER_SPACES_SECRET: ['oven:userSpacesSecret'],
  // The provider makes and reads buckets; of the vault's keys, the one that may write can do it.
  AT_BLOBS_SPACES_KEY: ['oven:blobsSpacesKey', 'digitalocean:spacesAccessId'],
  AT_BLOBS_SPACES_SECRET: ['oven:blobsSpacesSecret', 'digitalocean:spacesSecretKey'],
  CALLBACK_SECRET: ['oven:callbackSecret'],
  ALERT_WEBHOOK_URL: ['oven:alertWebhookUrl'],
  DO_TOKEN: ['digitalocean:token'],
};

const PLAIN: Readonly<Record<string, string>> = {
  ART_SPACES_BUCKET: 'oven:artBucket',
  USER_SPACES_BUCKET: 'oven:userBucket',
  AT_BLOBS_SPACES_BUCKET: 'oven:blobsBucket',
  AT_BLOBS_CDN: 'oven:cdnDomain',
  DROPLET_NAME: 'oven:dropletName',
  DROPLET_SIZE: 'oven:dropletSize',
  DROPLET_IMAGE: 'oven:dropletImage',
  DROPLET_REGION: 'oven:region',
  CLOUDFLARE_ZONE_ID: 'oven:zoneId',
};

/** Variables of the service that a vault may set; they go to it as they are. */
const SERVICE_VARIABLES = new Set(variablesSetBy('operator'));

/** Set by the release, since units, firewall and folders on the host go with them. */
const RELEASE_VARIABLES = new Set(variablesSetBy('release'));
const ENDPOINTS = ['ART_SPACES_ENDPOINT', 'USER_SPACES_ENDPOINT', 'AT_BLOBS_SPACES_ENDPOINT'];
const CLOUDFLARE = ['CLOUDFLARE_API_TOKEN', 'CLOUDFLARE_EMAIL'];

/** Plans the configuration of a stack from the variables of the vault's two files. Pure. It lists names that it does not know. */
export function planVault(variables: Variables): VaultPlan {
  const entries: ConfigEntry[] = [];
  const endpoints: { name: string; value: string }[] = [];
  const unknown: string[] = [];
  const notes: string[] = [];
  for (const name of Object.keys(variables).sort()) {
    const raw = variables[name] ?? '';
    const value = raw.trim();
    if (value === '' || value === '...') notes.push(`${name} has no value yet`);
    else if (RELEASE_VARIABLES.has(name)) notes.push(`${name} is left out: the release sets it`);
    else if (ENDPOINTS.includes(name)) endpoints.push({ name, value });
    else if (name in SECRET) for (const key of SECRET[name] ?? []) entries.push(entry(key, value, true));
    else if (name in PLAIN) entries.push(entry(PLAIN[name] as string, value, false));
    else if (SERVICE_VARIABLES.has(name))
      entries.push({ ...entry(`oven:serviceEnvironment.${name}`, value, false), path: true });
    else if (!CLOUDFLARE.includes(name)) unknown.push(name);
  }
  const others = [spacesEntries(endpoints), cloudflareEntries(variables)];
  return {
    entries: [...entries, ...others.flatMap((one) => one.entries)],
    unknown,
    notes: [...notes, ...others.flatMap((one) => one.notes)],
  };
}

function entry(key: string, value: string, secret: boolean): ConfigEntry {
  return { key, value, secret, path: false };
}

/** A global key needs the e-mail address, a token does not. Their form tells them apart. */
function cloudflareEntries(variables: Variables): Omit<VaultPlan, 'unknown'> {
  const token = variables['CLOUDFLARE_API_TOKEN']?.trim() ?? '';
  const email = variables['CLOUDFLARE_EMAIL']?.trim() ?? '';
  if (token === '' || token === '...') return { entries: [], notes: [] };
  if (!/^[0-9a-f]{37}$/.test(token)) {
    const notes = email ? ['CLOUDFLARE_EMAIL is left out: a token needs none'] : [];
    return { entries: [entry('cloudflare:apiToken', token, true)], notes };
  }
  return {
    entries: [entry('cloudflare:apiKey', token, true), entry('cloudflare:email', email, false)],
    notes: ['CLOUDFLARE_API_TOKEN is a global key, which may do anything: a token for the one zone is safer'],
  };
}

/** The region of the Spaces, from their endpoints. The host may be in another region. */
function spacesEntries(endpoints: readonly { name: string; value: string }[]): Omit<VaultPlan, 'unknown'> {
  const regions = endpoints.map(
    ({ value }) => /^https:\/\/([a-z0-9]+)\.digitaloceanspaces\.com\/?$/.exec(value)?.[1],
  );
  const [region] = regions;
  const strange = endpoints.filter((_one, index) => regions[index] === undefined);
  const notes = strange.map(({ name }) => `${name} is no endpoint of DigitalOcean's Spaces, and left out`);
  if (region === undefined) return { entries: [], notes };
  return new Set(regions).size === 1
    ? { entries: [entry('oven:spacesRegion', region, false)], notes }
    : { entries: [], notes: [...notes, 'the Spaces are not in one region, as they have to be'] };
}
