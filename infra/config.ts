import * as pulumi from '@pulumi/pulumi';
import * as check from './checks.ts';
import { publicKeyOf } from './openssh.ts';
import { type ConfigSource, Reader, stackConfig } from './reader.ts';

/** An access key for Spaces and its secret. */
export interface SpacesKeys {
  readonly key: pulumi.Output<string>;
  readonly secret: pulumi.Output<string>;
}

/** The whole configuration of a stack, checked. */
export interface Settings {
  readonly domain: string;
  readonly zoneId: string;
  readonly dropletName: string;
  readonly dropletSize: string;
  readonly dropletImage: string;
  readonly region: string;
  readonly spacesRegion: string;
  readonly sshAllowedCidrs: readonly string[];
  readonly alertEmail: string;
  readonly artBucket: string;
  readonly blobsBucket: string;
  readonly proxied: boolean;
  readonly cdnDomain: string | undefined;
  readonly callbackSecret: pulumi.Output<string>;
  /** The vault's own keys; made by the program where they are not given. */
  readonly artKeys: SpacesKeys | undefined;
  readonly blobsKeys: SpacesKeys | undefined;
  readonly sshPrivateKey: pulumi.Output<string> | undefined;
  /** The public half of it, `TYPE DATA`. */
  readonly loginPublicKey: string | undefined;
  readonly serviceEnvironment: Readonly<Record<string, string>>;
  /** The id of a droplet whose queue is given up. */
  readonly abandonedHost: string | undefined;
  /** Where S3 is, such as https://sfo3.digitaloceanspaces.com. */
  readonly spacesEndpoint: string;
}

/** Reads and checks everything at once. Throws a RunError that lists every problem and what mends it. */
export function readSettings(source: ConfigSource = stackConfig()): Settings {
  const read = new Reader(source);
  for (const [key, variables, other] of CREDENTIALS) read.credential(key, variables, other);
  const spacesRegion = read.text('spacesRegion', check.spacesRegion);
  const sshPrivateKey = read.optionalSecret('sshPrivateKey', check.openSshKey);
  const settings: Settings = {
    domain: read.text('domain', check.hostName),
    zoneId: read.text('zoneId', check.zoneId),
    dropletName: read.text('dropletName', check.dropletName),
    dropletSize: read.text('dropletSize', check.slug),
    dropletImage: read.text('dropletImage', check.slug),
    region: read.text('region', check.slug),
    spacesRegion,
    sshAllowedCidrs: read.list('sshAllowedCidrs', check.sshNetwork, '203.0.113.7/32'),
    alertEmail: read.text('alertEmail', check.email),
    artBucket: read.text('artBucket', check.bucketName),
    blobsBucket: read.text('blobsBucket', check.bucketName),
    proxied: read.flag('proxied'),
    cdnDomain: read.optional('cdnDomain', check.hostName),
    callbackSecret: pulumi.secret(read.secret('callbackSecret', check.secrets)),
    artKeys: keys(read.pair('artSpacesKey', 'artSpacesSecret')),
    blobsKeys: keys(read.pair('blobsSpacesKey', 'blobsSpacesSecret')),
    sshPrivateKey: sshPrivateKey === undefined ? undefined : pulumi.secret(sshPrivateKey),
    loginPublicKey: sshPrivateKey === undefined ? undefined : publicKeyOf(sshPrivateKey),
    serviceEnvironment: read.variables('serviceEnvironment', check.variable),
    abandonedHost: read.optional('abandonedHost', check.dropletId),
    spacesEndpoint: endpoint(source.get('digitalocean:spacesEndpoint'), spacesRegion),
  };
  oneHost(read);
  if (settings.artBucket === settings.blobsBucket)
    read.problem('artBucket and blobsBucket are the same Space');
  if (settings.cdnDomain === settings.domain) read.problem('cdnDomain and domain are the same name');
  read.finish();
  return settings;
}

/** What the providers log in with, and the variable that stands in for the config key. */
const CREDENTIALS = [
  ['digitalocean:token', ['DIGITALOCEAN_TOKEN', 'DIGITALOCEAN_ACCESS_TOKEN']],
  ['digitalocean:spacesAccessId', ['SPACES_ACCESS_KEY_ID']],
  ['digitalocean:spacesSecretKey', ['SPACES_SECRET_ACCESS_KEY']],
  ['cloudflare:apiToken', ['CLOUDFLARE_API_TOKEN', 'CLOUDFLARE_API_KEY'], 'cloudflare:apiKey'],
] as const;

/** Several hosts need a shared queue and a load balancer, which this program does not make: half of it would lose tapes. */
function oneHost(read: Reader): void {
  const nodes = read.text('nodes', (value) => (/^\d+$/.test(value) ? undefined : 'is not a number'));
  if (/^\d+$/.test(nodes) && Number(nodes) !== 1) {
    read.problem(
      `nodes is ${nodes}, but this version runs one host only; a larger dropletSize bakes more at once`,
      'pulumi config set nodes 1',
    );
  }
}

function endpoint(template: string | undefined, region: string): string {
  return (template ?? 'https://{{.Region}}.digitaloceanspaces.com').replace(/\{\{\s*\.Region\s*\}\}/, region);
}

function keys(pair: readonly [string, string] | undefined): SpacesKeys | undefined {
  return pair && { key: pulumi.secret(pair[0]), secret: pulumi.secret(pair[1]) };
}
