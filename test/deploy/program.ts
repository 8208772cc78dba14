import { resolve } from 'node:path';
import { type Declared, runProgram, Secret } from '../infra/cloud.ts';
import type { KeyPair } from '../twin/host/ssh.ts';
import type { FirewallRule } from '../twin/net/firewall.ts';

/** What the program's clouds would have made, and its configuration. */
export interface Given {
  readonly config: Readonly<Record<string, string>>;
  readonly login: KeyPair;
  readonly hostKey: KeyPair;
  readonly handoverKey: KeyPair;
  /** The droplet's own address. */
  readonly address: string;
  /** The reserved one. */
  readonly reserved: string;
  readonly certificate: { readonly chain: string; readonly key: string };
  /** CIDR blocks that stand for Cloudflare's. */
  readonly proxies: readonly string[];
}

/** What the program does to a host, in the order in which an engine would. */
export type Act =
  | {
      readonly kind: 'command';
      readonly name: string;
      readonly create: string;
      readonly stdin?: string;
      readonly delete?: string;
    }
  | { readonly kind: 'upload'; readonly name: string; readonly from: string; readonly to: string }
  /** The reserved address is led to the host. */
  | { readonly kind: 'assign'; readonly name: string };

/** A rule of the program's firewall. */
export interface DeclaredRule extends FirewallRule {
  /** Whether hosts with the program's tag are peers too. */
  readonly tagged: boolean;
}

/** What the program declares, as far as a host is concerned. */
export interface Plan {
  readonly userData: string;
  readonly release: string;
  readonly acts: readonly Act[];
  readonly firewall: {
    readonly inbound: readonly DeclaredRule[];
    readonly outbound: readonly DeclaredRule[];
  };
}

const COMMAND = 'command:remote:Command';
const COPY = 'command:remote:CopyToRemote';
const ASSIGNMENT = 'digitalocean:index/reservedIpAssignment:ReservedIpAssignment';

/** Runs the Pulumi program, with the engine and the clouds played, and gives what it would do to the host. */
export async function planOf(given: Given): Promise<Plan> {
  const pair = ({ privateKey, publicKey }: KeyPair) => ({
    privateKeyOpenssh: privateKey,
    publicKeyOpenssh: publicKey,
  });
  const run = await runProgram({
    config: given.config,
    networks: { ipv4Cidrs: [...given.proxies], ipv6Cidrs: [] },
    outputs: {
      'tls:index/privateKey:PrivateKey login': pair(given.login),
      'tls:index/privateKey:PrivateKey host-key': pair(given.hostKey),
      'tls:index/privateKey:PrivateKey handover': pair(given.handoverKey),
      'tls:index/privateKey:PrivateKey origin-key': { privateKeyPem: given.certificate.key },
      'cloudflare:index/originCaCertificate:OriginCaCertificate': { certificate: given.certificate.chain },
      'digitalocean:index/droplet:Droplet': { ipv4Address: given.address },
      'digitalocean:index/reservedIp:ReservedIp': { ipAddress: given.reserved },
      'command:remote:Command': { stdout: 'played' },
    },
  });
  const [droplet] = run.all('digitalocean:index/droplet:Droplet');
  const [firewall] = run.all('digitalocean:index/firewall:Firewall');
  const declared = [COMMAND, COPY, ASSIGNMENT].flatMap((type) => run.all(type));
  for (const one of declared) checkConnection(one, given);
  return {
    userData: String(shown(droplet?.inputs.userData)),
    release: String(run.outputs.release),
    acts: inOrder(declared).map(actOf),
    firewall: {
      inbound: rules(firewall?.inputs.inboundRules, 'sourceAddresses'),
      outbound: rules(firewall?.inputs.outboundRules, 'destinationAddresses'),
    },
  };
}

/** Checks that a command uses the pinned host key, and not the reserved address, which may be another host's. */
function checkConnection({ type, name, inputs }: Declared, { address, hostKey }: Given): void {
  if (type === ASSIGNMENT) return;
  const connection = shown(inputs.connection) as { host: string; hostKey: string; user: string };
  const pinned = connection.hostKey === hostKey.publicKey;
  if (connection.host !== address || !pinned) throw new Error(`${name} does not go to the host itself`);
}

/** Each after all that it depends on; with several at once, in the order of their declaration. */
function inOrder(declared: readonly Declared[]): readonly Declared[] {
  const short = ({ type, name }: Declared) => `${type} ${name}`;
  const known = new Set(declared.map(short));
  const done = new Set<string>();
  const sorted: Declared[] = [];
  while (sorted.length < declared.length) {
    const next = declared.find(
      (one) => !done.has(short(one)) && one.dependencies.every((name) => !known.has(name) || done.has(name)),
    );
    if (next === undefined) throw new Error('what the program declares depends on itself');
    done.add(short(next));
    sorted.push(next);
  }
  return sorted;
}

function actOf({ type, name, inputs }: Declared): Act {
  if (type === ASSIGNMENT) return { kind: 'assign', name };
  if (type === COPY) {
    const { path } = shown(inputs.source) as { path: string };
    return { kind: 'upload', name, from: resolve(path), to: String(shown(inputs.remotePath)) };
  }
  return {
    kind: 'command',
    name,
    create: String(shown(inputs.create)),
    ...(inputs.stdin === undefined ? {} : { stdin: String(shown(inputs.stdin)) }),
    ...(inputs.delete === undefined ? {} : { delete: String(shown(inputs.delete)) }),
  };
}

function rules(list: unknown, side: 'sourceAddresses' | 'destinationAddresses'): DeclaredRule[] {
  interface Line extends Partial<Record<typeof side, string[]>> {
    readonly protocol: FirewallRule['protocol'];
    readonly portRange?: string;
    readonly sourceTags?: readonly string[];
  }
  return (shown(list) as Line[]).map((line) => ({
    protocol: line.protocol,
    ports: line.portRange,
    peers: line[side] ?? [],
    tagged: line.sourceTags !== undefined,
  }));
}

function shown(value: unknown): unknown {
  if (value instanceof Secret) return shown(value.value);
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shown(one)]));
}
