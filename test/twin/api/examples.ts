/** Requests as the provider sends them, empty lists as null where it does. */
export const PUBLIC_KEY = `ssh-ed25519 ${ed25519('a key of a test')} login`;

export const ZONE = { id: 'a23b54e8877a833a1cf8db7765bce3ca', name: 'aesthetic.computer' };

/** A droplet; `vpc_uuid` and `ssh_keys` are to be added. */
export const DROPLET = {
  name: 'oven',
  region: 'sfo3',
  size: 's-2vcpu-2gb',
  image: 'ubuntu-24-04-x64',
  ssh_keys: null,
  backups: false,
  ipv6: false,
  private_networking: false,
  monitoring: true,
  tags: ['oven'],
  user_data: '#cloud-config\nssh_keys: {ed25519_private: THE-HOST-KEY}\n',
};

const WORLD = ['0.0.0.0/0', '::/0'];

export const FIREWALL = {
  name: 'oven',
  tags: ['oven'],
  droplet_ids: null,
  inbound_rules: [
    { protocol: 'tcp', ports: '22', sources: { addresses: ['203.0.113.7/32'], tags: ['oven'] } },
    { protocol: 'tcp', ports: '443', sources: { addresses: ['173.245.48.0/20', '2400:cb00::/32'] } },
  ],
  outbound_rules: [
    { protocol: 'tcp', ports: '1-65535', destinations: { addresses: WORLD } },
    { protocol: 'udp', ports: 'all', destinations: { addresses: WORLD } },
    { protocol: 'icmp', destinations: { addresses: WORLD } },
  ],
};

/** As the provider sends what the program declares. */
export const BALANCER = {
  name: 'oven',
  region: 'sfo3',
  size_unit: 1,
  forwarding_rules: [
    {
      entry_protocol: 'https',
      entry_port: 443,
      target_protocol: 'https',
      target_port: 443,
      tls_passthrough: true,
    },
  ],
  health_check: {
    protocol: 'http',
    port: 8081,
    path: '/health/host',
    check_interval_seconds: 5,
    response_timeout_seconds: 3,
    healthy_threshold: 2,
    unhealthy_threshold: 2,
  },
  tag: 'oven',
  firewall: { allow: ['cidr:173.245.48.0/20', 'ip:192.0.2.7'] },
};

export const ALERT = {
  type: 'v1/insights/droplet/cpu',
  description: 'Oven: busy',
  compare: 'GreaterThan',
  value: 95,
  window: '1h',
  entities: [],
  tags: ['oven'],
  enabled: true,
  alerts: { email: ['me@aesthetic.computer'], slack: null },
};

export const CHECK = {
  name: 'oven/health',
  type: 'https',
  target: 'https://oven.aesthetic.computer/health',
  regions: ['us_west', 'eu_west'],
  enabled: true,
};

export const UPTIME_ALERT = {
  name: 'down',
  type: 'down_global',
  threshold: 0,
  comparison: '',
  period: '2m',
  notifications: { email: ['me@aesthetic.computer'], slack: null },
};

export const RECORD = {
  type: 'A',
  name: 'oven.aesthetic.computer',
  content: '192.0.2.200',
  ttl: 1,
  proxied: true,
  comment: 'Made by a test',
};

/** As the program declares them. */
export const HEALTH_CHECK = {
  name: 'oven-health',
  description: 'https://oven.aesthetic.computer/health',
  address: 'oven.aesthetic.computer',
  type: 'HTTPS',
  httpConfig: { method: 'GET', path: '/health', expectedCodes: ['200'] },
  interval: 60,
  timeout: 5,
  retries: 2,
  consecutiveFails: 2,
  consecutiveSuccesses: 2,
};

export const POLICY = {
  name: 'oven.aesthetic.computer/health',
  alertType: 'health_check_status_notification',
  enabled: true,
  mechanisms: { emails: [{ id: 'me@aesthetic.computer' }] },
};

/** The data of a valid public key. */
function ed25519(text: string): string {
  const field = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const key = Buffer.alloc(32, text);
  return Buffer.concat([field(Buffer.from('ssh-ed25519')), field(key)]).toString('base64');
}
