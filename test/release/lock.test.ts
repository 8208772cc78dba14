import { describe, expect, it } from 'vitest';
import { packagesHash, productionPackages } from '../../infra/release/lock.ts';

const packages = {
  '': { name: 'oven' },
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/tool': { version: '1.0.0', dev: true },
  'node_modules/fit': { optional: true, os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
  'node_modules/musl': { optional: true, os: ['linux'], cpu: ['x64'], libc: ['musl'] },
  'node_modules/arm': { optional: true, os: ['linux'], cpu: ['arm64'] },
  'node_modules/mac': { optional: true, os: ['darwin'] },
  'node_modules/not-windows': { os: ['!win32'] },
  'node_modules/not-linux': { os: ['!linux'] },
};

describe('packages of a release', () => {
  it('The packages of a release are those that run in production on the target', () => {
    expect(productionPackages({ packages })).toEqual(
      ['a', 'fit', 'not-windows'].map((name) => `node_modules/${name}`),
    );
  });

  it.each([
    ['a package', { 'node_modules/a': { version: '1.0.1', integrity: 'sha512-b' } }, false],
    ['one more package', { 'node_modules/b': { version: '1.0.0' } }, false],
    ['a tool of development', { 'node_modules/tool': { version: '2.0.0', dev: true } }, true],
    ['a package of another system', { 'node_modules/mac': { version: '2.0.0', os: ['darwin'] } }, true],
    [
      'where a package came from',
      { 'node_modules/a': { resolved: 'https://mirror.test', ...packages['node_modules/a'] } },
      true,
    ],
    ['the order of its fields', { 'node_modules/a': { integrity: 'sha512-a', version: '1.0.0' } }, true],
  ])('Another version of %s keeps the hash of the packages: %3$s', (_what, change, same) => {
    expect(packagesHash({ packages: { ...packages, ...change } }) === packagesHash({ packages })).toBe(same);
  });
});
