import * as pulumi from '@pulumi/pulumi';
import { COMPLETE } from './stack.ts';

/** A resource as the program declared it. */
export interface Declared {
  readonly type: string;
  readonly name: string;
  /** With everything that is secret inside a `Secret`. */
  readonly inputs: Record<string, unknown>;
  readonly retainOnDelete: boolean;
  readonly protect: boolean;
  readonly importId: string;
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly deleteBeforeReplace: boolean | undefined;
  /** `type name` of what it depends on, by its inputs or in so many words. */
  readonly dependencies: readonly string[];
}

/** A value that the engine would keep encrypted. */
export class Secret {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}

export interface CloudOptions {
  readonly config?: Record<string, string | undefined>;
  readonly preview?: boolean;
  /** Spaces that exist before; 'foreign' ones belong to another account. */
  readonly spaces?: Readonly<Record<string, 'own' | 'foreign'>>;
  /** The zone's SSL mode. */
  readonly ssl?: string;
  /** SSH keys of the account. */
  readonly accountKeys?: readonly AccountKey[];
  /** Ids of droplets that are there. */
  readonly droplets?: readonly string[];
  /** What the stack's outputs were after the last run. */
  readonly before?: Readonly<Record<string, unknown>>;
  /** Networks of Cloudflare's proxies, in place of `NETWORKS`. */
  readonly networks?: typeof NETWORKS;
  /** What resources get from their clouds, by type or `type name`, in place of what they get otherwise. */
  readonly outputs?: Readonly<Record<string, Record<string, unknown>>>;
  /** Functions of providers that fail, and with which message. */
  readonly failing?: Readonly<Record<string, string>>;
}

interface AccountKey {
  readonly id: number;
  readonly name: string;
  readonly fingerprint: string;
}

export interface Run {
  readonly declared: readonly Declared[];
  readonly calls: readonly string[];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** The only one of a type and name; throws when there is none. */
  get(type: string, name: string): Declared;
  all(type: string): readonly Declared[];
}

export const NETWORKS = {
  ipv4Cidrs: ['173.245.48.0/20', '103.21.244.0/22'],
  ipv6Cidrs: ['2400:cb00::/32'],
};

/** Runs the program under mocks of the engine. Gives all that it declared and its outputs. A call that is not mocked throws. */
export async function runProgram(options: CloudOptions = {}): Promise<Run> {
  const declared: Declared[] = [];
  const calls: string[] = [];
  await pulumi.runtime.setMocks(
    mocks(options, calls),
    'oven',
    'prod',
    options.preview ?? false,
    'organization',
  );
  record(declared);
  const config = { ...COMPLETE, ...options.config };
  const given = Object.entries(config).filter((entry): entry is [string, string] => entry[1] !== undefined);
  pulumi.runtime.setAllConfig(Object.fromEntries(given));
  const { default: program } = await import('../../infra/index.ts');
  const outputs = await program();
  await settled(declared);
  const all = (type: string) => declared.filter((one) => one.type === type);
  const get = (type: string, name: string) => {
    const found = all(type).filter((one) => one.name === name);
    if (found.length !== 1) throw new Error(`${found.length} resources ${type} ${name}`);
    return found[0] as Declared;
  };
  return { declared, calls, outputs, get, all };
}

/** Waits until everything that was declared has been registered. */
async function settled(declared: readonly Declared[]): Promise<void> {
  await pulumi.runtime.disconnect();
  if (declared.length === 0) throw new Error('the program declared nothing');
}

/** Keeps what the SDK says to the engine; the mocks themselves see neither options nor what is secret. */
function record(declared: Declared[]): void {
  const monitor = pulumi.runtime.getMonitor() as unknown as {
    registerResource(request: Request, callback: unknown): Promise<void>;
  };
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    declared.push({
      type: request.getType(),
      name: request.getName(),
      inputs: marked(request.getObject()?.toJavaScript() ?? {}) as Record<string, unknown>,
      retainOnDelete: request.getRetainondelete() === true,
      protect: request.getProtect() === true,
      importId: request.getImportid(),
      ignoreChanges: request.getIgnorechangesList(),
      replaceOnChanges: request.getReplaceonchangesList(),
      deleteBeforeReplace: request.getDeletebeforereplacedefined()
        ? request.getDeletebeforereplace()
        : undefined,
      dependencies: request.getDependenciesList().map(shortName),
    });
    return register(request, callback);
  };
}

interface Request {
  getType(): string;
  getName(): string;
  getObject(): { toJavaScript(): unknown } | undefined;
  getRetainondelete(): boolean | undefined;
  getProtect(): boolean | undefined;
  getImportid(): string;
  getIgnorechangesList(): string[];
  getReplaceonchangesList(): string[];
  getDeletebeforereplace(): boolean;
  getDeletebeforereplacedefined(): boolean;
  getDependenciesList(): string[];
}

function shortName(urn: string): string {
  const [, , type = '', name = ''] = urn.split('::');
  return `${type.split('$').at(-1)} ${name}`;
}

/** How Pulumi marks a value as secret, or as a file, on its way to the engine. */
const MARK = '4dabf18193072939515e22adb298388d';
const SECRET_MARK = '1b47061264138c4ac30d75fd1eb44270';

function marked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(marked);
  if (typeof value !== 'object' || value === null) return value;
  const entries = value as Record<string, unknown>;
  if (entries[MARK] === SECRET_MARK) return new Secret(marked(entries['value']));
  return Object.fromEntries(Object.entries(entries).map(([key, one]) => [key, marked(one)]));
}

function mocks(options: CloudOptions, calls: string[]): pulumi.runtime.Mocks {
  const {
    spaces = {},
    ssl = 'strict',
    before = {},
    failing = {},
    outputs = {},
    networks = NETWORKS,
  } = options;
  return {
    newResource: ({ type, name, inputs, id }) => ({
      id: id || IDS[type] || `${name}-id`,
      state: {
        ...inputs,
        ...(type === 'pulumi:pulumi:StackReference'
          ? { outputs: before }
          : (outputs[`${type} ${name}`] ?? outputs[type] ?? OUTPUTS[`${type} ${name}`] ?? OUTPUTS[type])),
      },
    }),
    call: ({ token, inputs }) => {
      calls.push(token);
      const failure = failing[token];
      if (failure !== undefined) throw refusal(failure);
      switch (token) {
        case 'cloudflare:index/getIpRanges:getIpRanges':
          return networks;
        case 'cloudflare:index/getZone:getZone':
          return { ...inputs, account: { id: 'the-account', name: 'An account' } };
        case 'cloudflare:index/getZoneSetting:getZoneSetting':
          return { value: ssl, ...inputs };
        case 'digitalocean:index/getRegion:getRegion':
          return { slug: inputs.slug, available: true, sizes: ['s-1vcpu-1gb', 's-2vcpu-2gb'], features: [] };
        case 'digitalocean:index/getSpacesBucket:getSpacesBucket': {
          const owner = spaces[inputs.name];
          if (owner === 'own') return { ...inputs, id: inputs.name };
          if (owner === 'foreign')
            throw refusal(`error reading Spaces bucket "": Forbidden: Forbidden\n\tstatus code: 403`);
          throw refusal(`Spaces Bucket (${inputs.name}) not found`);
        }
        case 'digitalocean:index/getSshKeys:getSshKeys':
          return { sshKeys: options.accountKeys ?? [] };
        case 'digitalocean:index/getSpacesKey:getSpacesKey':
          throw refusal('Error reading Spaces key: GET /v2/spaces/keys: 404 (request "x") key not found');
        case 'digitalocean:index/getDroplet:getDroplet':
          if (options.droplets?.includes(String(inputs.id))) return inputs;
          throw refusal(
            'GET /v2/droplets: 404 (request "x") The resource you were accessing could not be found.',
          );
        default:
          throw refusal(`nobody expected a call of ${token}`);
      }
    },
  };
}

/** An error as the engine hands one on: the SDK shows nothing but its `details`. */
function refusal(message: string): Error {
  return Object.assign(new Error(message), { details: message });
}

const IDS: Readonly<Record<string, string>> = { 'digitalocean:index/droplet:Droplet': '4711' };

const keyPair = (name: string, text: string) => ({
  privateKeyOpenssh: `-----BEGIN OPENSSH PRIVATE KEY-----\n${text}\n-----END OPENSSH PRIVATE KEY-----\n`,
  privateKeyPem: `-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----\n`,
  publicKeyOpenssh: `ssh-ed25519 ${Buffer.from(name).toString('base64')}\n`,
});

/** What each kind of resource gets from its cloud. */
const OUTPUTS: Readonly<Record<string, Record<string, unknown>>> = {
  'tls:index/privateKey:PrivateKey login': keyPair('login', 'SECRETlogin'),
  'tls:index/privateKey:PrivateKey host-key': keyPair('host', 'SECREThost'),
  'tls:index/privateKey:PrivateKey handover': keyPair('handover', 'SECREThandover'),
  'tls:index/privateKey:PrivateKey': keyPair('other', 'SECREToriginkey'),
  'tls:index/selfSignedCert:SelfSignedCert': { certPem: 'AUTHORITY' },
  'tls:index/locallySignedCert:LocallySignedCert': { certPem: 'CERTIFICATE' },
  'tls:index/certRequest:CertRequest': { certRequestPem: 'REQUEST' },
  'cloudflare:index/originCaCertificate:OriginCaCertificate': { certificate: 'CERTIFICATE' },
  'digitalocean:index/droplet:Droplet': { ipv4Address: '198.51.100.4' },
  'digitalocean:index/droplet:Droplet queue': {
    ipv4Address: '198.51.100.5',
    ipv4AddressPrivate: '10.0.0.7',
  },
  'digitalocean:index/loadBalancer:LoadBalancer': { ip: '203.0.113.90' },
  'digitalocean:index/reservedIp:ReservedIp': { ipAddress: '203.0.113.80' },
  'digitalocean:index/sshKey:SshKey': { fingerprint: '12:34' },
  'digitalocean:index/cdn:Cdn': { endpoint: 'at-blobs-aesthetic-computer.sfo3.cdn.digitaloceanspaces.com' },
  'digitalocean:index/spacesBucket:SpacesBucket art': {
    bucketDomainName: 'art-aesthetic-computer.sfo3.digitaloceanspaces.com',
  },
  'digitalocean:index/spacesBucket:SpacesBucket blobs': {
    bucketDomainName: 'at-blobs-aesthetic-computer.sfo3.digitaloceanspaces.com',
  },
  'digitalocean:index/spacesKey:SpacesKey art': { accessKey: 'DO00ART', secretKey: 'SECRETart' },
  'digitalocean:index/spacesKey:SpacesKey user': { accessKey: 'DO00USER', secretKey: 'SECRETuser' },
  'digitalocean:index/spacesKey:SpacesKey blobs': { accessKey: 'DO00BLOBS', secretKey: 'SECRETblobs' },
  'command:remote:Command': { stdout: '' },
};
