import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';

/** Pulumi's CLI and plugins on this machine. */
export interface Tools {
  /** Folders that the engine needs on its PATH: Node's. */
  readonly path: readonly string[];
  /** The folder of installed plugins, where there is one. */
  readonly plugins: string | undefined;
  /** Providers on the PATH, by name. */
  readonly onPath: Readonly<Record<string, string>>;
  /** Whether Cloudflare's real provider is there; otherwise a stand-in is used. */
  readonly hasCloudflare: boolean;
}

/** Programs that have to be on the PATH. */
const PROGRAMS = ['pulumi', 'pulumi-language-nodejs'];
/** Providers that have to be on the PATH or installed: those that the stand-ins are for the far end of. */
const PROVIDERS = ['digitalocean', 'command', 'tls'];

export interface Places {
  readonly path: string;
  /** PULUMI_HOME. */
  readonly home: string;
  readonly exists: (path: string) => boolean;
  readonly list: (folder: string) => readonly string[];
}

const HERE: Places = {
  path: process.env.PATH ?? '',
  home: process.env.PULUMI_HOME ?? join(homedir(), '.pulumi'),
  exists: existsSync,
  list: (folder) => (existsSync(folder) ? readdirSync(folder) : []),
};

/** Finds the tools, or says in one line what is missing. */
export function findTools({ path, home, exists, list }: Places = HERE): Tools | string {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  const find = (name: string) => folders.map((folder) => join(folder, name)).find(exists);
  const plugins = join(home, 'plugins');
  const installed = list(plugins);
  const has = (provider: string) =>
    find(`pulumi-resource-${provider}`) !== undefined ||
    installed.some((name) => new RegExp(`^resource-${provider}-v[^/]*\\d$`).test(name));
  const missing = [
    ...PROGRAMS.filter((name) => find(name) === undefined),
    ...PROVIDERS.filter((name) => !has(name)).map((name) => `pulumi-resource-${name}`),
  ];
  if (missing.length > 0) return `the rehearsal needs ${missing.join(', ')}`;
  return {
    path: [dirname(process.execPath)],
    plugins: installed.length > 0 ? plugins : undefined,
    onPath: Object.fromEntries(
      PROVIDERS.flatMap((name) => {
        const file = find(`pulumi-resource-${name}`);
        return file === undefined ? [] : [[name, file]];
      }),
    ),
    hasCloudflare: has('cloudflare'),
  };
}

/** What each tool says its version is, for the summary. */
export async function versionsOf(tools: Tools): Promise<string> {
  const engine = await versionIn('pulumi', ['version']);
  const providers = await Promise.all(
    PROVIDERS.map(async (name) => `${name} ${await versionOf(name, tools)}`),
  );
  const cloudflare = tools.hasCloudflare
    ? 'cloudflare (real)'
    : 'cloudflare: a stand-in, not the real provider';
  return [`engine ${engine}`, `node ${process.versions.node}`, ...providers, cloudflare].join(', ');
}

/** The engine prefers what is on the PATH to what is installed. */
async function versionOf(name: string, { plugins, onPath }: Tools): Promise<string> {
  const file = onPath[name];
  if (file === undefined) {
    const installed = HERE.list(plugins!).find((one) => one.startsWith(`resource-${name}-v`));
    return installed?.replace(`resource-${name}-v`, '') ?? UNKNOWN;
  }
  const said = await versionIn(file, ['--version']);
  // Not all of them know that option.
  return said === UNKNOWN
    ? versionIn('pulumi', ['package', 'get-schema', file], /"version": "([^"]+)"/)
    : said;
}

const UNKNOWN = 'of unknown version';

async function versionIn(file: string, args: readonly string[], where = /(\d+\.\d+\.\d+)/): Promise<string> {
  const env = { PULUMI_SKIP_UPDATE_CHECK: 'true' };
  const { stdout } = await execa(file, args, { env, reject: false, timeout: 20_000, stdin: 'ignore' });
  return where.exec(String(stdout))?.[1] ?? UNKNOWN;
}
