import * as pulumi from '@pulumi/pulumi';
import { z } from 'zod';
import { publicKeyOf } from './openssh.ts';
import {
  bucketName,
  dropletId,
  dropletName,
  email,
  flag,
  hostName,
  json,
  nodeCount,
  openSshKey,
  secrets,
  slug,
  spacesRegion,
  sshNetwork,
  variableName,
  webhook,
  zoneId,
} from './schemas.ts';

/** Where values come from: full names of keys (`oven:domain`), and variables of the environment. */
export interface ConfigSource {
  get(key: string): string | undefined;
  /** Whether the stack's file has a value in plain text; undefined where that is not known. */
  isPlain(key: string): boolean | undefined;
  readonly environment: NodeJS.ProcessEnv;
}

/** An access key for Spaces and its secret. */
export interface SpacesKeys {
  readonly key: pulumi.Output<string>;
  readonly secret: pulumi.Output<string>;
}

/** The whole configuration of a stack, checked. */
export interface Settings extends Omit<z.output<typeof KEYS>, SecretKey> {
  readonly callbackSecret: pulumi.Output<string>;
  readonly alertWebhookUrl: pulumi.Output<string> | undefined;
  /** The vault's own keys; the program makes those that are not given. */
  readonly artKeys: SpacesKeys | undefined;
  readonly userKeys: SpacesKeys | undefined;
  readonly blobsKeys: SpacesKeys | undefined;
  readonly sshPrivateKey: pulumi.Output<string> | undefined;
  /** The public half of it, `TYPE DATA`. */
  readonly loginPublicKey: string | undefined;
  /** Where S3 is, such as https://sfo3.digitaloceanspaces.com. */
  readonly spacesEndpoint: string;
}

const plainValue = z
  .union([z.string(), z.number(), z.boolean()], {
    error: ({ path }) => `has ${String(path?.at(-1))}, which is no plain value`,
  })
  .transform(String);

/** The keys of a stack. Each comes as a text, and lists and objects as JSON. Pulumi.yaml describes them. */
const KEYS = z.object({
  domain: hostName,
  zoneId,
  dropletName,
  dropletSize: slug,
  dropletImage: slug,
  region: slug,
  spacesRegion,
  nodes: nodeCount,
  sshAllowedCidrs: json(
    z
      .array(z.unknown().transform(String).pipe(sshNetwork), {
        error: 'is not set: a list with at least one entry',
      })
      .min(1, 'is not set: a list with at least one entry'),
  ),
  alertEmail: email,
  alertWebhookUrl: webhook.optional(),
  cloudflareHealthcheck: flag.default(false),
  artBucket: bucketName,
  userBucket: bucketName.optional(),
  blobsBucket: bucketName,
  proxied: flag,
  cdnDomain: hostName.optional(),
  callbackSecret: secrets,
  artSpacesKey: z.string().optional(),
  artSpacesSecret: z.string().optional(),
  userSpacesKey: z.string().optional(),
  userSpacesSecret: z.string().optional(),
  blobsSpacesKey: z.string().optional(),
  blobsSpacesSecret: z.string().optional(),
  sshPrivateKey: openSshKey.optional(),
  serviceEnvironment: json(z.record(variableName, plainValue, { error: 'is not an object' }), '{}'),
  /** A droplet whose queue is given up. */
  abandonedHost: dropletId.optional(),
});

type Key = keyof typeof KEYS.shape;

const SECRET_KEYS = [
  'callbackSecret',
  'alertWebhookUrl',
  'artSpacesKey',
  'artSpacesSecret',
  'userSpacesKey',
  'userSpacesSecret',
  'blobsSpacesKey',
  'blobsSpacesSecret',
  'sshPrivateKey',
] as const satisfies readonly Key[];

type SecretKey = (typeof SECRET_KEYS)[number];

/** Commands that mend a key, where `pulumi config set KEY VALUE` does not. */
const REMEDIES: Partial<Record<Key, string>> = {
  nodes: 'pulumi config set nodes 1',
  proxied: 'pulumi config set proxied true',
  cloudflareHealthcheck: 'pulumi config set cloudflareHealthcheck false',
  sshAllowedCidrs: "pulumi config set --path 'sshAllowedCidrs[0]' 203.0.113.7/32",
  serviceEnvironment: 'pulumi config set --path serviceEnvironment.CONCURRENCY 2',
};

/** What the providers log in with: keys of which one is enough, and the variables that stand in for them. */
const CREDENTIALS = [
  { keys: ['digitalocean:token'], variables: ['DIGITALOCEAN_TOKEN', 'DIGITALOCEAN_ACCESS_TOKEN'] },
  { keys: ['digitalocean:spacesAccessId'], variables: ['SPACES_ACCESS_KEY_ID'] },
  { keys: ['digitalocean:spacesSecretKey'], variables: ['SPACES_SECRET_ACCESS_KEY'] },
  {
    keys: ['cloudflare:apiToken', 'cloudflare:apiKey'],
    variables: ['CLOUDFLARE_API_TOKEN', 'CLOUDFLARE_API_KEY'],
  },
] as const;

/** The stack's configuration as the engine hands it over. */
export function stackConfig(environment: NodeJS.ProcessEnv = process.env): ConfigSource {
  // The engine tells a program which values are encrypted; the SDK has no function for it.
  const list = environment['PULUMI_CONFIG_SECRET_KEYS'];
  const encrypted = list ? new Set(JSON.parse(list) as string[]) : undefined;
  return {
    get: (key) => pulumi.runtime.allConfig()[key],
    isPlain: (key) => (encrypted ? !encrypted.has(key) : undefined),
    environment,
  };
}

/** Reads and checks everything at once. Throws a RunError that lists every problem and the command that mends it. */
export function readSettings(source: ConfigSource = stackConfig()): Settings {
  const given = givenValues(source);
  const parsed = KEYS.safeParse(given);
  const problems = [
    ...credentialProblems(source),
    ...(parsed.error?.issues ?? []).map(describeIssue),
    ...plainTextProblems(source, given),
    ...conflicts(given),
  ];
  // Pulumi shows a RunError without a stack trace.
  if (!parsed.success || problems.length > 0) throw new pulumi.RunError(listOf(problems));
  const {
    artSpacesKey,
    artSpacesSecret,
    userSpacesKey,
    userSpacesSecret,
    blobsSpacesKey,
    blobsSpacesSecret,
    ...settings
  } = parsed.data;
  const { callbackSecret, alertWebhookUrl, sshPrivateKey } = settings;
  return {
    ...settings,
    callbackSecret: pulumi.secret(callbackSecret),
    alertWebhookUrl: alertWebhookUrl === undefined ? undefined : pulumi.secret(alertWebhookUrl),
    artKeys: spacesKeys(artSpacesKey, artSpacesSecret),
    userKeys: spacesKeys(userSpacesKey, userSpacesSecret),
    blobsKeys: spacesKeys(blobsSpacesKey, blobsSpacesSecret),
    sshPrivateKey: sshPrivateKey === undefined ? undefined : pulumi.secret(sshPrivateKey),
    loginPublicKey: sshPrivateKey === undefined ? undefined : publicKeyOf(sshPrivateKey),
    spacesEndpoint: endpoint(source.get('digitalocean:spacesEndpoint'), settings.spacesRegion),
  };
}

type GivenValues = Partial<Record<Key, string | undefined>>;

/** The values that are set, without spaces around them. */
function givenValues(source: ConfigSource): GivenValues {
  const keys = Object.keys(KEYS.shape) as Key[];
  return Object.fromEntries(keys.map((key) => [key, source.get(`oven:${key}`)?.trim() || undefined]));
}

/** An issue of zod's, as a line for the operator, with the command that mends it. */
function describeIssue(issue: z.core.$ZodIssue): string {
  const [key, name] = issue.path as [Key, string | undefined];
  // Of a record's name zod tells what is wrong one level below.
  const message = issue.code === 'invalid_key' ? issue.issues[0]?.message : issue.message;
  if (key === 'serviceEnvironment' && name !== undefined)
    return problem(`${key} ${message}`, `pulumi config rm --path ${key}.${name}`);
  return problem(
    `${key} ${message}`,
    isSecretKey(key) ? setSecret(key) : (REMEDIES[key] ?? `pulumi config set ${key} VALUE`),
  );
}

function credentialProblems({ get, environment, isPlain }: ConfigSource): string[] {
  return CREDENTIALS.flatMap(({ keys, variables }) => {
    const [shown] = keys;
    const key = keys.find((one) => get(one));
    if (key !== undefined) return isPlain(key) ? [plainText(shown)] : [];
    if (variables.some((name) => environment[name])) return [];
    return [problem(`${shown} is not set (nor ${variables.join(', ')})`, setSecret(shown))];
  });
}

function plainTextProblems(source: ConfigSource, given: GivenValues): string[] {
  return SECRET_KEYS.filter((key) => given[key] !== undefined && source.isPlain(`oven:${key}`)).map(
    plainText,
  );
}

/** Problems of two values together. */
function conflicts(given: GivenValues): string[] {
  const problems: string[] = [];
  const pairs = [
    ['artSpacesKey', 'artSpacesSecret'],
    ['userSpacesKey', 'userSpacesSecret'],
    ['blobsSpacesKey', 'blobsSpacesSecret'],
  ] as const;
  for (const pair of pairs) {
    const missing = pair.filter((key) => given[key] === undefined);
    if (missing.length === 1)
      problems.push(problem(`${missing[0]} is not set, but its other half is`, setSecret(`${missing[0]}`)));
  }
  const others = ['artBucket', 'userBucket'] as const;
  for (const key of others.filter((one) => given[one] !== undefined && given[one] === given.blobsBucket))
    problems.push(`${key} and blobsBucket are the same Space`);
  if (given.userBucket === undefined && (given.userSpacesKey ?? given.userSpacesSecret) !== undefined)
    problems.push(problem('userBucket is not set, but its keys are', 'pulumi config set userBucket VALUE'));
  if (given.cdnDomain !== undefined && given.cdnDomain === given.domain)
    problems.push('cdnDomain and domain are the same name');
  if (Number(given.nodes) > 1 && given.proxied === 'false')
    problems.push(
      problem(
        `nodes is ${given.nodes}, which needs Cloudflare's proxy: Caddy can't get a certificate behind the load balancer`,
        'pulumi config set proxied true',
      ),
    );
  return problems;
}

function isSecretKey(key: Key): key is SecretKey {
  return (SECRET_KEYS as readonly Key[]).includes(key);
}

function plainText(key: string): string {
  return problem(`${key} is a secret but kept in plain text: change it at its source, then`, setSecret(key));
}

function setSecret(key: string): string {
  return `pulumi config set --secret ${key}`;
}

function problem(what: string, remedy: string): string {
  return `${what}\n      ${remedy}`;
}

function listOf(problems: readonly string[]): string {
  const count = problems.length === 1 ? 'One thing is' : `${problems.length} things are`;
  const list = problems.map((one) => `  - ${one}`).join('\n');
  return `${count} wrong with the configuration of this stack:\n${list}`;
}

function endpoint(template: string | undefined, region: string): string {
  return (template ?? 'https://{{.Region}}.digitaloceanspaces.com').replace(/\{\{\s*\.Region\s*\}\}/, region);
}

function spacesKeys(key: string | undefined, secret: string | undefined): SpacesKeys | undefined {
  if (key === undefined || secret === undefined) return undefined;
  return { key: pulumi.secret(key), secret: pulumi.secret(secret) };
}
