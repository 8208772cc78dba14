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
  const onPath = (name: string) => folders.some((folder) => exists(join(folder, name)));
  const plugins = join(home, 'plugins');
  const installed = list(plugins);
  const has = (provider: string) =>
    onPath(`pulumi-resource-${provider}`) ||
    installed.some((name) => new RegExp(`^resource-${provider}-v[^/]*\\d$`).test(name));
  const missing = [
    ...PROGRAMS.filter((name) => !onPath(name)),
    ...PROVIDERS.filter((name) => !has(name)).map((name) => `pulumi-resource-${name}`),
  ];
  if (missing.length > 0) return `the rehearsal needs ${missing.join(', ')}`;
  return {
    path: [dirname(process.execPath)],
    plugins: installed.length > 0 ? plugins : undefined,
    hasCloudflare: has('cloudflare'),
  };
}

/** What each tool says its version is, for the summary. */
export async function versionsOf(tools: Tools): Promise<string> {
  const ask = async (file: string, args: readonly string[]) => {
    const { stdout } = await execa(file, args, { reject: false, timeout: 20_000, stdin: 'ignore' });
    return /\d+\.\d+\.\d+/.exec(String(stdout))?.[0] ?? 'of unknown version';
  };
  const engine = await ask('pulumi', ['version']);
  const providers = await Promise.all(
    PROVIDERS.map(async (name) => `${name} ${await versionOf(name, tools, ask)}`),
  );
  const cloudflare = tools.hasCloudflare
    ? 'cloudflare (real)'
    : 'cloudflare: a stand-in, not the real provider';
  return [`engine ${engine}`, `node ${process.versions.node}`, ...providers, cloudflare].join(', ');
}

async function versionOf(
  name: string,
  { plugins }: Tools,
  ask: (file: string, args: readonly string[]) => Promise<string>,
): Promise<string> {
  const installed = plugins && HERE.list(plugins).find((one) => one.startsWith(`resource-${name}-v`));
  if (installed) return installed.replace(`resource-${name}-v`, '');
  return ask(`pulumi-resource-${name}`, ['--version']);
}
