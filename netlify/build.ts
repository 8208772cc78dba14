import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** The largest bundle. The platform takes 250 MB, but a small function starts faster. */
export const BUDGET_BYTES = 10 * 1024 * 1024;

const FUNCTIONS = join(import.meta.dirname, 'functions');

/** Optional parts of mongodb's driver. It loads them only for features that the functions do not use. */
export const ABSENT = [
  '@aws-sdk/credential-providers',
  '@mongodb-js/zstd',
  'aws4',
  'gcp-metadata',
  'kerberos',
  'mongodb-client-encryption',
  'snappy',
  'socks',
];

/** CommonJS packages load built-in modules with `require`, which an ES module lacks. */
const REQUIRE = `import { createRequire as makeRequire } from 'node:module';
const require = makeRequire(import.meta.url);`;

export interface Bundle {
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
  readonly exports: readonly string[];
  /** The packages in the bundle. */
  readonly packages: readonly string[];
}

/** Bundles every function with esbuild, as the platform does with node_bundler = "esbuild", for any server of Node. Throws when an import can't be resolved. */
export async function buildFunctions(folder: string): Promise<readonly Bundle[]> {
  await mkdir(folder, { recursive: true });
  const names = (await readdir(FUNCTIONS))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -3));
  return Promise.all(names.sort().map((name) => bundle(name, join(folder, `${name}.mjs`))));
}

/**
 * The bundle's exports: Netlify's, and `handler` for other servers and functions. The sources lack `handler`, because Netlify ignores the
 * route and the schedule in the `config` of a file that exports one.
 */
const exportsOf = (name: string) => `import serve from './${name}.ts';
import { toHandler } from '../lib/handler.ts';
export { default, config } from './${name}.ts';
export const handler = toHandler(serve);`;

async function bundle(name: string, file: string): Promise<Bundle> {
  const { metafile } = await build({
    stdin: {
      contents: exportsOf(name),
      resolveDir: FUNCTIONS,
      sourcefile: `${name}.exports.ts`,
      loader: 'ts',
    },
    outfile: file,
    bundle: true,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    logLevel: 'warning',
    banner: { js: REQUIRE },
    external: ABSENT,
  });
  const [output] = Object.values(metafile.outputs);
  const packages = Object.keys(metafile.inputs).flatMap(
    (path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [],
  );
  return {
    name,
    file,
    bytes: output?.bytes ?? 0,
    exports: output?.exports ?? [],
    packages: [...new Set(packages)].sort(),
  };
}

if (import.meta.url === pathToFileURL(resolve(process.argv[1] ?? '')).href) {
  const bundles = await buildFunctions(resolve('out/functions'));
  for (const { name, bytes, packages } of bundles) {
    const megabytes = (bytes / 1024 / 1024).toFixed(2);
    console.log(
      `${name.padEnd(20)} ${megabytes} MB of ${BUDGET_BYTES / 1024 / 1024} MB, ${packages.length} packages`,
    );
  }
  if (bundles.some(({ bytes }) => bytes > BUDGET_BYTES)) {
    console.error('A bundle is over its budget.');
    process.exitCode = 1;
  }
}
