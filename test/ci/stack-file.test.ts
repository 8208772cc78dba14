import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  missingCredentials,
  networks,
  stackFile,
  withNetwork,
  withoutCredentials,
  withoutNetwork,
} from '../../scripts/ci/lib/stack-file.ts';

const SALT = 'v1:qHlU1YzG+b0=:v1:FpqgstgAWYXh8Saf:aNkDAR3CV6NpiAI2hjYXRDuy037tgg==';
const FILE = `# Ours.
config:
  oven:domain: oven.example.com # where it answers
  oven:sshAllowedCidrs:
    - 198.51.100.7/32
  digitalocean:token:
    secure: ${`v1:tMmSX2zlUFKen3X+:${'hTqa++4QrVrGw4Q'.repeat(12)}`}
  digitalocean:spacesAccessId:
    secure: v1:one
  digitalocean:spacesSecretKey:
    secure: v1:two
  cloudflare:apiKey:
    secure: v1:three
  cloudflare:email: me@example.com
encryptionsalt: ${SALT}
`;

describe('the file of a stack', () => {
  test.each([
    ['prod', 'Pulumi.prod.yaml'],
    ['someone/oven/prod', 'Pulumi.prod.yaml'],
    ['someone/prod', 'Pulumi.prod.yaml'],
  ])('The stack %s has its file', (stack, file) => {
    expect(stackFile(stack)).toBe(file);
  });

  test.each(['', 'prod/', '$(id)', 'a b'])('The stack name %j is refused', (stack) => {
    expect(() => stackFile(stack)).toThrow('not the name of a stack');
  });
});

describe('a network', () => {
  test('A network is added and removed, and nothing else changes', () => {
    const opened = withNetwork(FILE, '20.51.1.2/32');
    expect(networks(opened)).toEqual(['198.51.100.7/32', '20.51.1.2/32']);
    expect(opened).toBe(FILE.replace('7/32\n', '7/32\n    - 20.51.1.2/32\n'));
    expect(withoutNetwork(opened, '20.51.1.2/32')).toBe(FILE);
  });

  test('A network that is in the file is not added again', () => {
    expect(withNetwork(FILE, '198.51.100.7/32')).toBe(FILE);
  });

  test('A network is added to a file without networks', () => {
    expect(networks(withNetwork('config: {}\n', '20.51.1.2/32'))).toEqual(['20.51.1.2/32']);
    expect(networks('config:\n  oven:sshAllowedCidrs:\n    secure: v1:x\n')).toEqual([]);
  });

  test('Removing a network that is not in the file changes nothing', () => {
    expect(withoutNetwork(FILE, '20.51.1.2/32')).toBe(FILE);
    expect(withoutNetwork('config: {}\n', '20.51.1.2/32')).toBe('config: {}\n');
  });

  test('A network is added to the repository’s own file without other changes', async () => {
    const own = await readFile(resolve(import.meta.dirname, '../../Pulumi.prod.yaml'), 'utf8');
    const opened = withNetwork(own, '20.51.1.2/32');
    expect(opened.startsWith(own.trimEnd())).toBe(true);
    expect(networks(opened)).toContain('20.51.1.2/32');
  });
});

describe("the stack's own credentials", () => {
  const all = {
    DIGITALOCEAN_TOKEN: 'a',
    SPACES_ACCESS_KEY_ID: 'b',
    SPACES_SECRET_ACCESS_KEY: 'c',
    CLOUDFLARE_API_TOKEN: 'd',
  };

  test('The environment’s credentials replace those of the stack', () => {
    const { config, encryptionsalt } = parse(withoutCredentials(FILE, all));
    expect(Object.keys(config)).toEqual(['oven:domain', 'oven:sshAllowedCidrs']);
    expect(encryptionsalt).toBe(SALT);
  });

  test.each([
    ['none', {}, []],
    ['an empty token', { DIGITALOCEAN_TOKEN: '' }, []],
    ['a token', { DIGITALOCEAN_TOKEN: 'a' }, ['digitalocean:token']],
    ['half of a key', { SPACES_ACCESS_KEY_ID: 'b' }, []],
    ["Cloudflare's token", { CLOUDFLARE_API_TOKEN: 'd' }, ['cloudflare:apiKey', 'cloudflare:email']],
  ])('The stack’s credentials stay when the environment has %s', (_what, environment, gone) => {
    const before = Object.keys(parse(FILE).config);
    const after = Object.keys(parse(withoutCredentials(FILE, environment)).config);
    expect(before.filter((key) => !after.includes(key))).toEqual(gone);
  });

  test('Missing credentials are named', () => {
    expect(missingCredentials(all)).toEqual([]);
    expect(missingCredentials({ ...all, DIGITALOCEAN_TOKEN: '' })).toEqual(['DIGITALOCEAN_TOKEN']);
    expect(missingCredentials({})).toHaveLength(4);
  });
});
