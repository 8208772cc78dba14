import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planVault } from '../../infra/vault.ts';
import { VARIABLES } from '../../service/config/variables.ts';

const SERVICE = `# DigitalOcean Spaces - Source ZIPs
ART_SPACES_KEY=DO00ART
ART_SPACES_SECRET=secret-art
ART_SPACES_ENDPOINT=https://sfo3.digitaloceanspaces.com
ART_SPACES_BUCKET=art-aesthetic-computer
USER_SPACES_KEY=DO00USER
USER_SPACES_SECRET=secret-user
USER_SPACES_ENDPOINT=https://sfo3.digitaloceanspaces.com
USER_SPACES_BUCKET=user-aesthetic-computer
AT_BLOBS_SPACES_KEY=DO00BLOBS
AT_BLOBS_SPACES_SECRET="secret blobs # really"
AT_BLOBS_SPACES_ENDPOINT=https://sfo3.digitaloceanspaces.com
AT_BLOBS_SPACES_BUCKET=at-blobs-aesthetic-computer
# AT_BLOBS_CDN=at-blobs.aesthetic.computer
CALLBACK_SECRET=secret-callback # Shared secret for webhook authentication
ALERT_WEBHOOK_URL=https://discord.com/api/webhooks/1/secret-hook
PORT=3000
NODE_ENV=production
TEMP_DIR=/tmp  # Where to store working files during processing
CONCURRENCY=2
`;
const DEPLOY = `DO_TOKEN=secret-token
DROPLET_NAME=oven-aesthetic-computer
DROPLET_SIZE=s-1vcpu-1gb
DROPLET_IMAGE=ubuntu-24-04-x64
DROPLET_REGION=sfo3
CLOUDFLARE_EMAIL=me@aesthetic.computer
CLOUDFLARE_API_TOKEN=secret-cloudflare-token-of-40-characters
CLOUDFLARE_ZONE_ID=a23b54e8877a833a1cf8db7765bce3ca
SLACK_HOOK=https://example.com
`;

describe('planVault', () => {
  const plan = planVault({ ...parseEnv(SERVICE), ...parseEnv(DEPLOY) });

  it('Every value of the vault becomes a key of the stack', () => {
    expect(
      plan.entries.map(({ key, value, secret }) => `${key}${secret ? '!' : '='}${value}`).sort(),
    ).toEqual(
      [
        'oven:artSpacesKey!DO00ART',
        'oven:artSpacesSecret!secret-art',
        'oven:artBucket=art-aesthetic-computer',
        'oven:userSpacesKey!DO00USER',
        'oven:userSpacesSecret!secret-user',
        'oven:userBucket=user-aesthetic-computer',
        'oven:blobsSpacesKey!DO00BLOBS',
        'digitalocean:spacesAccessId!DO00BLOBS',
        'oven:blobsSpacesSecret!secret blobs # really',
        'digitalocean:spacesSecretKey!secret blobs # really',
        'oven:blobsBucket=at-blobs-aesthetic-computer',
        'oven:callbackSecret!secret-callback',
        'oven:alertWebhookUrl!https://discord.com/api/webhooks/1/secret-hook',
        'oven:serviceEnvironment.CONCURRENCY=2',
        'digitalocean:token!secret-token',
        'oven:dropletName=oven-aesthetic-computer',
        'oven:dropletSize=s-1vcpu-1gb',
        'oven:dropletImage=ubuntu-24-04-x64',
        'oven:region=sfo3',
        'oven:spacesRegion=sfo3',
        'oven:zoneId=a23b54e8877a833a1cf8db7765bce3ca',
        'cloudflare:apiToken!secret-cloudflare-token-of-40-characters',
      ].sort(),
    );
  });

  it('The vault may have every variable of the service that an operator may set', () => {
    const all = Object.fromEntries(Object.keys(VARIABLES).map((name) => [name, 'x']));
    // The candidate's; the number of hosts, from `nodes`; what follows from `domain`; what belongs to the queue's host.
    expect(planVault(all).unknown).toEqual(['LISTEN_SOCKET', 'NODES', 'PUBLIC_URL', 'REDIS_CA']);
  });

  it('Unknown variables of the vault are listed', () => expect(plan.unknown).toEqual(['SLACK_HOOK']));

  it.each([
    ['values that are still dots', { DO_TOKEN: '...' }, ['DO_TOKEN has no value yet']],
    [
      'Spaces in two regions',
      {
        ART_SPACES_ENDPOINT: 'https://sfo3.digitaloceanspaces.com',
        AT_BLOBS_SPACES_ENDPOINT: 'https://nyc3.digitaloceanspaces.com',
      },
      [/not in one region/],
    ],
    [
      'an S3 that is not DigitalOcean’s',
      { ART_SPACES_ENDPOINT: 'https://s3.example.com' },
      [/no endpoint of DigitalOcean's Spaces/],
    ],
    ['what the release sets', { TEMP_DIR: '/tmp' }, [/the release sets it/]],
  ])('The plan has a note about %s', (_what, variables, notes) => {
    const plan = planVault(variables);
    expect(plan.entries).toEqual([]);
    expect(plan.notes).toEqual(
      notes.map((note) => (note instanceof RegExp ? expect.stringMatching(note) : note)),
    );
  });

  it('The Spaces’ region comes from their endpoints, and the host’s region from its own variable', () => {
    const { entries, notes } = planVault({
      DROPLET_REGION: 'nyc3',
      ART_SPACES_ENDPOINT: 'https://sfo3.digitaloceanspaces.com',
      AT_BLOBS_SPACES_ENDPOINT: 'https://sfo3.digitaloceanspaces.com/',
    });
    expect(entries.map(({ key, value }) => `${key}=${value}`)).toEqual([
      'oven:region=nyc3',
      'oven:spacesRegion=sfo3',
    ]);
    expect(notes).toEqual([]);
  });

  it('A global key of Cloudflare is told from a token', () => {
    const key = '0123456789abcdef0123456789abcdef01234';
    const { entries } = planVault({ CLOUDFLARE_API_TOKEN: key, CLOUDFLARE_EMAIL: 'me@b.c' });
    expect(entries.map(({ key }) => key)).toEqual(['cloudflare:apiKey', 'cloudflare:email']);
  });
});

describe('npm run import-vault', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oven-vault-'));
    await mkdir(join(folder, 'bin'));
    // Stands in for Pulumi: writes down how it was called, and what it was given to read.
    await writeFile(
      join(folder, 'bin', 'pulumi'),
      `#!/bin/sh\necho "$@" >>"${folder}/calls"\ncat >>"${folder}/read"\necho >>"${folder}/read"\n`,
    );
    await chmod(join(folder, 'bin', 'pulumi'), 0o755);
    await writeFile(join(folder, '.env'), SERVICE);
    await writeFile(join(folder, 'deploy.env'), DEPLOY);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const run = (...args: string[]) =>
    execa(process.execPath, ['scripts/import-vault.ts', ...args], {
      env: { PATH: `${folder}/bin:${process.env.PATH}` },
      reject: false,
    });

  it('Values reach Pulumi by standard input, and no secret is shown', async () => {
    const { exitCode, stdout, stderr } = await run(
      join(folder, '.env'),
      join(folder, 'deploy.env'),
      '--stack',
      'prod',
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const calls = await readFile(join(folder, 'calls'), 'utf8');
    expect(calls).toContain('config set --secret oven:callbackSecret --stack prod\n');
    expect(calls).toContain(
      'config set --plaintext --path oven:serviceEnvironment.CONCURRENCY --stack prod\n',
    );
    expect(await readFile(join(folder, 'read'), 'utf8')).toContain('secret-callback\n');
    for (const text of [stdout, calls]) expect(text).not.toMatch(/secret-|secret blobs|DO00/);
    expect(stdout).toContain('not known, left out: SLACK_HOOK');
  });

  it('Without arguments the command prints its usage', async () =>
    expect(await run()).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/^usage/) }));

  it('The command says that Pulumi is missing', async () => {
    const { exitCode, stderr } = await execa(
      process.execPath,
      ['scripts/import-vault.ts', join(folder, '.env')],
      { env: { PATH: folder }, reject: false },
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('ENOENT') });
    expect(stderr).not.toMatch(/secret-|DO00/);
  });

  it('The command names a file that does not exist', async () => {
    expect(await run(join(folder, 'nothing'))).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/ENOENT.*nothing/),
    });
  });
});
