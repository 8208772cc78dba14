import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

interface Package {
  readonly version?: string;
  readonly dev?: true;
  readonly hasInstallScript?: true;
  readonly integrity?: string;
  readonly resolved?: string;
}

const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Package> };
/** Every installed package, by its place in node_modules. */
const installed = Object.entries(packages).filter(([place]) => place !== '');
const nameOf = (place: string) => place.replace(/^.*node_modules\//, '');

/** Packages that would run a script when they are installed, and why they do without. A new one is looked at before it gets a row. */
const INSTALL_SCRIPTS: Readonly<Record<string, string>> = {
  '@pulumi/command': 'downloads the plugin that Pulumi finds by itself',
  '@scarf/scarf': 'reports the installation to its maker',
  'better-sqlite3': 'compiles what the package has compiled already',
  'core-js': 'prints an advertisement',
  esbuild: 'makes its command start faster',
  'msgpackr-extract': 'compiles what the package has compiled already, and msgpackr works without',
  protobufjs: 'warns of old version ranges',
};

describe('packages of npm', () => {
  test('No package runs a script when it is installed', () => {
    expect(read('.npmrc').split('\n')).toContain('ignore-scripts=true');
  });

  test('Every package that has an install script is known by name', () => {
    const found = installed.filter(([, { hasInstallScript }]) => hasInstallScript);
    expect(found.map(([place]) => nameOf(place)).sort()).toEqual(Object.keys(INSTALL_SCRIPTS).sort());
  });

  test('What was compiled by its maker loads without an install script', async () => {
    const { default: Database } = (await import('better-sqlite3' as string)) as {
      default: new (file: string) => { prepare(sql: string): { pluck(): { get(): number } } };
    };
    expect(new Database(':memory:').prepare('select 1').pluck().get()).toBe(1);
    const { transform } = await import('esbuild');
    expect((await transform('let a: number = 1', { loader: 'ts' })).code.trim()).toBe('let a = 1;');
  });

  test('Every package has the hash of its content, and comes from the registry', () => {
    const odd = installed.filter(([, { integrity, resolved }]) => !integrity || resolved !== undefined);
    expect(odd.map(([place]) => place)).toEqual([]);
  });

  test('docs/security.md counts the packages that the service runs with', () => {
    const production = installed.filter(([, { dev }]) => !dev);
    expect(read('docs/security.md')).toContain(`with ${production.length} packages`);
  });
});
