import type { ConfigSource } from '../../infra/config.ts';

/** A configuration with which everything can be made. */
export const COMPLETE: Record<string, string | undefined> = {
  'digitalocean:token': 'dop_v1_token',
  'digitalocean:spacesAccessId': 'DO00ADMIN',
  'digitalocean:spacesSecretKey': 'admin-secret',
  'cloudflare:apiToken': 'cloudflare-token',
  'oven:domain': 'oven.aesthetic.computer',
  'oven:zoneId': 'a23b54e8877a833a1cf8db7765bce3ca',
  'oven:dropletName': 'oven-aesthetic-computer',
  'oven:dropletSize': 's-2vcpu-2gb',
  'oven:dropletImage': 'ubuntu-24-04-x64',
  'oven:region': 'sfo3',
  'oven:spacesRegion': 'sfo3',
  'oven:nodes': '1',
  'oven:sshAllowedCidrs': '["203.0.113.7/32"]',
  'oven:alertEmail': 'me@aesthetic.computer',
  'oven:artBucket': 'art-aesthetic-computer',
  'oven:blobsBucket': 'at-blobs-aesthetic-computer',
  'oven:proxied': 'true',
  'oven:callbackSecret': 'a-shared-secret-of-the-test',
};

/** A stack's configuration as a table. */
export function source(
  values: Record<string, string | undefined>,
  { plain = [], environment = {} }: { plain?: readonly string[]; environment?: NodeJS.ProcessEnv } = {},
): ConfigSource {
  return { get: (key) => values[key], isPlain: (key) => plain.includes(key), environment };
}
