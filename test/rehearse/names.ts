/** Names and addresses of the rehearsal. All are for documentation or tests, so a stray packet arrives nowhere. */
export const ADDRESSES = {
  names: '198.51.100.53',
  spaces: '198.51.100.20',
  /** The outside client, and the site that it brings tapes for. */
  visitor: '198.51.100.30',
  /** Networks that Cloudflare is said to have, and its edge in them. */
  proxies: '192.0.2.0/24',
  edge: '192.0.2.30',
  reserved: ['203.0.113.200', '203.0.113.201', '203.0.113.202'],
  balancers: ['203.0.113.220', '203.0.113.221'],
} as const;

export const REGION = 'sfo3';
/** Below it are regions, and below them buckets. */
export const SPACES = 'spaces.test';
export const ZONE = { id: '0123456789abcdef0123456789abcdef', name: 'aesthetic.test', ssl: 'strict' };
export const DOMAIN = 'oven.aesthetic.test';
export const DROPLET = 'oven-aesthetic-test';
export const EMAIL = 'me@aesthetic.test';
export const SIZES = { small: 's-2vcpu-2gb', large: 's-2vcpu-4gb' } as const;
export const CALLBACK_SECRET = 'a-shared-secret-of-the-rehearsal';
