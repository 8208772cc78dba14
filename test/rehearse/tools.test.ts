import { expect, test } from 'vitest';
import { findTools } from './tools.ts';

const PROGRAMS = ['pulumi', 'pulumi-language-nodejs'].map((name) => `/bin/${name}`);
const PLUGINS = ['digitalocean', 'command', 'tls'].map((name) => `/bin/pulumi-resource-${name}`);
const places = (files: readonly string[], installed: readonly string[] = []) => ({
  path: '/bin:/other',
  home: '/home',
  exists: (path: string) => files.includes(path),
  list: () => installed,
});

test('Missing tools are named in one line', () => {
  expect(findTools(places([]))).toBe(
    'the rehearsal needs pulumi, pulumi-language-nodejs, pulumi-resource-digitalocean, pulumi-resource-command, pulumi-resource-tls',
  );
  expect(findTools(places([...PROGRAMS, ...PLUGINS.slice(1)]))).toBe(
    'the rehearsal needs pulumi-resource-digitalocean',
  );
});

test('Plugins are found on the PATH or in Pulumi’s folder', () => {
  expect(findTools(places([...PROGRAMS, ...PLUGINS]))).toMatchObject({
    plugins: undefined,
    hasCloudflare: false,
  });
  const installed = ['digitalocean', 'command', 'tls', 'cloudflare'].map((name) => `resource-${name}-v1.2.3`);
  expect(findTools(places(PROGRAMS, installed))).toMatchObject({
    plugins: '/home/plugins',
    hasCloudflare: true,
  });
});

test('The rest of an interrupted install is no plugin', () => {
  const remains = ['digitalocean', 'command', 'tls'].map((name) => `resource-${name}-v1.2.3.partial`);
  expect(findTools(places(PROGRAMS, remains))).toContain('pulumi-resource-digitalocean');
});
