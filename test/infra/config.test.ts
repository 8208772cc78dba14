import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readSettings } from '../../infra/config.ts';
import { COMPLETE, source } from './stack.ts';

/** The message of what reading a configuration throws. */
function refusal(changes: Record<string, string | undefined>, options = {}): string {
  try {
    readSettings(source({ ...COMPLETE, ...changes }, options));
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

describe('readSettings', () => {
  it('A complete configuration is accepted', () => {
    const settings = readSettings(source(COMPLETE));
    expect(settings).toMatchObject({
      domain: 'oven.aesthetic.computer',
      region: 'sfo3',
      spacesRegion: 'sfo3',
      dropletSize: 's-2vcpu-2gb',
      proxied: true,
      cdnDomain: undefined,
      artKeys: undefined,
      sshAllowedCidrs: ['203.0.113.7/32'],
      spacesEndpoint: 'https://sfo3.digitaloceanspaces.com',
    });
  });

  it('The error lists everything that a fresh stack lacks, with the command for each', () => {
    const fresh = { ...COMPLETE };
    for (const key of Object.keys(fresh)) if (!(key in SHIPPED)) delete fresh[key];
    let message = '';
    try {
      readSettings(source({ ...fresh, ...SHIPPED }));
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatchInlineSnapshot(`
      "8 things are wrong with the configuration of this stack:
        - digitalocean:token is not set (nor DIGITALOCEAN_TOKEN, DIGITALOCEAN_ACCESS_TOKEN)
            pulumi config set --secret digitalocean:token
        - digitalocean:spacesAccessId is not set (nor SPACES_ACCESS_KEY_ID)
            pulumi config set --secret digitalocean:spacesAccessId
        - digitalocean:spacesSecretKey is not set (nor SPACES_SECRET_ACCESS_KEY)
            pulumi config set --secret digitalocean:spacesSecretKey
        - cloudflare:apiToken is not set (nor CLOUDFLARE_API_TOKEN, CLOUDFLARE_API_KEY)
            pulumi config set --secret cloudflare:apiToken
        - zoneId is not set
            pulumi config set zoneId VALUE
        - sshAllowedCidrs is not set: a list with at least one entry
            pulumi config set --path 'sshAllowedCidrs[0]' 203.0.113.7/32
        - alertEmail is not set
            pulumi config set alertEmail VALUE
        - callbackSecret is not set
            pulumi config set --secret callbackSecret"
    `);
  });

  it.each([
    [
      'SSH that is open to the world',
      { 'oven:sshAllowedCidrs': '["203.0.113.7/32","0.0.0.0/0"]' },
      /sshAllowedCidrs has 0\.0\.0\.0\/0, which is too wide/,
    ],
    ['networks that are no list', { 'oven:sshAllowedCidrs': '203.0.113.7/32' }, /sshAllowedCidrs is not set/],
    ['a region without Spaces', { 'oven:spacesRegion': 'nyc1' }, /spacesRegion has no Spaces; one of ams3/],
    [
      'a host that is given by its name',
      { 'oven:abandonedHost': 'oven' },
      /abandonedHost is not a droplet's id/,
    ],
    ['no node', { 'oven:nodes': '0' }, /nodes is 0, but a stack has 1 to 10 hosts/],
    ['too many nodes', { 'oven:nodes': '11' }, /nodes is 11, but a stack has 1 to 10 hosts/],
    [
      'several nodes without Cloudflare’s proxy',
      { 'oven:nodes': '2', 'oven:proxied': 'false' },
      /nodes is 2, which needs Cloudflare's proxy.*\n *pulumi config set proxied true/,
    ],
    [
      'one key without its other half',
      { 'oven:artSpacesKey': 'DO00KEY' },
      /artSpacesSecret is not set, but its other half is/,
    ],
    [
      'a receiver of alerts that is no URL',
      { 'oven:alertWebhookUrl': 'a-secret-on-the-wrong-line' },
      /alertWebhookUrl is not a URL such as https:\/\/discord\.com\/api\/webhooks\/ID\/TOKEN\n *pulumi config set --secret alertWebhookUrl/,
    ],
    [
      'keys of users’ tapes without their bucket',
      { 'oven:userSpacesKey': 'K', 'oven:userSpacesSecret': 'S' },
      /userBucket is not set, but its keys are\n *pulumi config set userBucket VALUE/,
    ],
    [
      'users’ tapes among the videos',
      { 'oven:userBucket': 'at-blobs-aesthetic-computer' },
      /userBucket and blobsBucket are the same Space/,
    ],
    ['one bucket for both', { 'oven:artBucket': 'same', 'oven:blobsBucket': 'same' }, /are the same Space/],
    [
      'a variable that the program sets itself',
      { 'oven:serviceEnvironment': '{"REDIS_URL":"redis://x"}' },
      /has REDIS_URL, which the program sets itself/,
    ],
    [
      'a variable whose value is an object',
      { 'oven:serviceEnvironment': '{"A":{}}' },
      /has A, which is no plain value/,
    ],
    [
      'missing credentials',
      { 'digitalocean:token': undefined },
      /digitalocean:token is not set \(nor DIGITALOCEAN_TOKEN/,
    ],
    [
      'a private key in another format',
      { 'oven:sshPrivateKey': '-----BEGIN RSA PRIVATE KEY-----' },
      /sshPrivateKey is not a private key in OpenSSH's format/,
    ],
  ])('The configuration is refused for %s', (_what, changes, message) =>
    expect(refusal(changes)).toMatch(message),
  );

  it('Credentials may come from the environment, and Cloudflare’s may be a global key', () => {
    const environment = { DIGITALOCEAN_TOKEN: 't' };
    expect(refusal({ 'digitalocean:token': undefined }, { environment })).toBe('');
    expect(refusal({ 'cloudflare:apiToken': undefined, 'cloudflare:apiKey': 'k' })).toBe('');
  });

  it('A secret in plain text is refused, and no message shows it', () => {
    const message = refusal({ 'oven:callbackSecret': 'not so secret' }, { plain: ['oven:callbackSecret'] });
    expect(message).toMatch(/callbackSecret is a secret but kept in plain text/);
    expect(message).not.toContain('not so secret');
    expect(refusal({ 'oven:callbackSecret': 'hush' })).not.toContain('hush');
  });
});

const SHIPPED: Record<string, string> = {};
{
  const project = parse(await readFile('Pulumi.yaml', 'utf8'));
  for (const [key, { default: value }] of Object.entries<{ default?: unknown }>(project.config)) {
    if (value !== undefined)
      SHIPPED[`oven:${key}`] = typeof value === 'string' ? value : JSON.stringify(value);
  }
}
