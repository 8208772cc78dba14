import { readFile } from 'node:fs/promises';
import type { Output } from '@pulumi/pulumi';
import { describe, expect, it, vi } from 'vitest';
import { renderAuthorization } from '../../infra/handover.ts';
import { fingerprintOf } from '../../infra/openssh.ts';
import { sshKey } from '../host/keys.ts';
import { HEALTH_CHECK, POLICY } from '../twin/api/examples.ts';
import { type Declared, NETWORKS, type Run, runProgram, Secret } from './cloud.ts';

// Packing takes seconds and has tests of its own.
vi.mock('../../infra/release/build.ts', () => ({
  buildRelease: async () => ({
    hash: '0123456789abcdef',
    file: `${process.cwd()}/.cache/release/oven.tar.zst`,
  }),
}));

// The operator's CDN is the only name that there is.
vi.mock('node:dns/promises', () => ({
  lookup: async (name: string) => {
    if (name !== 'at-blobs.aesthetic.computer')
      throw Object.assign(new Error('no name'), { code: 'ENOTFOUND' });
  },
}));

const DO = (type: string) => `digitalocean:index/${type.charAt(0).toLowerCase()}${type.slice(1)}:${type}`;
const CF = (type: string) => `cloudflare:index/${type.charAt(0).toLowerCase()}${type.slice(1)}:${type}`;
const COMMAND = 'command:remote:Command';

interface Rule {
  readonly portRange: string;
  readonly sourceAddresses?: readonly string[];
  readonly sourceTags?: readonly string[];
}

const sources = (run: Run, port: string) =>
  (run.get(DO('Firewall'), 'firewall').inputs['inboundRules'] as Rule[])
    .filter(({ portRange }) => portRange === port)
    .flatMap(({ sourceAddresses = [] }) => sourceAddresses);

const run = await runProgram();
const GIVEN = sshKey();
const PUBLIC = GIVEN.publicKey.split(' ').slice(0, 2).join(' ');

describe('storage', () => {
  it.each(['art', 'blobs'])('A destroy keeps the Space %s, which is in sfo3', (name) => {
    const bucket = run.get(DO('SpacesBucket'), name);
    expect(bucket).toMatchObject({ retainOnDelete: true, protect: false, inputs: { region: 'sfo3' } });
    expect(bucket.inputs['forceDestroy']).toBeUndefined();
  });

  it('The program leaves the settings of the art bucket alone, and ends unfinished uploads in the other one', () => {
    const { ignoreChanges } = run.get(DO('SpacesBucket'), 'art');
    expect(ignoreChanges).toEqual(
      expect.arrayContaining(['acl', 'corsRules', 'lifecycleRules', 'versioning']),
    );
    expect(run.get(DO('SpacesBucket'), 'blobs').inputs['lifecycleRules']).toMatchObject([
      { enabled: true, abortIncompleteMultipartUploadDays: 1 },
    ]);
    expect(run.all(DO('SpacesBucketCorsConfiguration'))).toHaveLength(1);
  });

  it.each([
    ['none exists', {}, undefined, ['', ''], 2],
    [
      'both exist',
      { 'art-aesthetic-computer': 'own', 'at-blobs-aesthetic-computer': 'own' },
      undefined,
      [undefined, 'sfo3,at-blobs-aesthetic-computer'],
      1,
    ],
    ['only the recorder’s exists', { 'art-aesthetic-computer': 'own' }, undefined, [undefined, ''], 1],
    [
      'both are this stack’s already',
      { 'art-aesthetic-computer': 'own', 'at-blobs-aesthetic-computer': 'own' },
      ['art-aesthetic-computer', 'at-blobs-aesthetic-computer'],
      ['', ''],
      2,
    ],
  ] as const)('Buckets that exist are used or imported: %s', async (_what, spaces, buckets, imports, own) => {
    const found = await runProgram({ spaces, before: buckets ? { buckets } : {} });
    const importId = (of: string) => found.all(DO('SpacesBucket')).find(({ name }) => name === of)?.importId;
    expect(['art', 'blobs'].map(importId)).toEqual(imports);
    expect(found.outputs.buckets).toHaveLength(own);
    expect((found.get(COMMAND, 'environment').inputs['stdin'] as Secret).value).toContain(
      'ART_SPACES_BUCKET="art-aesthetic-computer"',
    );
  });

  it('The program makes Spaces keys with the service’s permissions only, or takes the vault’s keys', async () => {
    const grants = run.all(DO('SpacesKey')).map(({ inputs }) => (inputs['grants'] as object[])[0]);
    expect(grants).toEqual([
      { bucket: 'art-aesthetic-computer', permission: 'read' },
      { bucket: 'at-blobs-aesthetic-computer', permission: 'readwrite' },
    ]);
    const vault = await runProgram({
      config: { 'oven:artSpacesKey': 'VAULTKEY', 'oven:artSpacesSecret': 'SECRETvault' },
    });
    expect(vault.all(DO('SpacesKey')).map(({ name }) => name)).toEqual(['blobs']);
    expect((vault.get(COMMAND, 'environment').inputs['stdin'] as Secret).value).toContain(
      'ART_SPACES_KEY="VAULTKEY"',
    );
  });
});

describe('The bucket of users’ tapes', () => {
  const spaces = { 'user-aesthetic-computer': 'own' } as const;
  const userBucket = { 'oven:userBucket': 'user-aesthetic-computer' };
  const environmentOf = ({ get }: Awaited<ReturnType<typeof runProgram>>) =>
    (get(COMMAND, 'environment').inputs['stdin'] as Secret).value;

  it('The program makes keys that may read the bucket of users’ tapes, and no such bucket', async () => {
    const found = await runProgram({ spaces, config: userBucket });
    const key = found.get(DO('SpacesKey'), 'user').inputs['grants'];
    expect(key).toEqual([{ bucket: 'user-aesthetic-computer', permission: 'read' }]);
    expect(environmentOf(found)).toMatch(
      /^USER_SPACES_BUCKET="user-aesthetic-computer"\nUSER_SPACES_ENDPOINT="https:\/\/sfo3.*"\nUSER_SPACES_KEY=".+"\nUSER_SPACES_SECRET=".+"$/m,
    );
    expect(found.all(DO('SpacesBucket')).map(({ name }) => name)).toEqual(['art', 'blobs']);
  });

  it('The keys of the vault are taken for the bucket of users’ tapes', async () => {
    const config = {
      ...userBucket,
      'oven:userSpacesKey': 'VAULTUSER',
      'oven:userSpacesSecret': 'SECRETuser',
    };
    const found = await runProgram({ spaces, config });
    expect(found.all(DO('SpacesKey')).map(({ name }) => name)).not.toContain('user');
    expect(environmentOf(found)).toContain('USER_SPACES_KEY="VAULTUSER"');
  });
});

describe('host', () => {
  it('The firewall admits SSH only from the configured networks', async () => {
    expect(sources(run, '22')).toEqual(['203.0.113.7/32']);
    expect(sources(run, '22').join()).not.toMatch(/0\.0\.0\.0|::/);
  });

  it.each(['80', '443'])(
    'The firewall admits only Cloudflare on port %s, and the world when the record is not proxied',
    async (port) => {
      expect(new Set(sources(run, port))).toEqual(new Set([...NETWORKS.ipv4Cidrs, ...NETWORKS.ipv6Cidrs]));
      const bare = await runProgram({ config: { 'oven:proxied': 'false' } });
      expect(sources(bare, port)).toEqual(['0.0.0.0/0', '::/0']);
    },
  );

  it('The firewall opens the ports 22, 80 and 443 only', () => {
    const ports = (run.get(DO('Firewall'), 'firewall').inputs['inboundRules'] as Rule[]).map(
      ({ portRange }) => portRange,
    );
    expect(new Set(ports)).toEqual(new Set(['22', '80', '443']));
  });

  it('The droplet is as configured, is behind the firewall by its tag, and is replaced by making the new one first', () => {
    const droplet = run.get(DO('Droplet'), 'host');
    expect(droplet.inputs).toMatchObject({
      name: 'oven-aesthetic-computer',
      size: 's-2vcpu-2gb',
      image: 'ubuntu-24-04-x64',
      region: 'sfo3',
      tags: ['oven-aesthetic-computer'],
      monitoring: true,
    });
    expect(run.get(DO('Firewall'), 'firewall').inputs['tags']).toEqual(['oven-aesthetic-computer']);
    expect(droplet.dependencies).toContain(`${DO('Firewall')} firewall`);
    expect(droplet).toMatchObject({
      deleteBeforeReplace: false,
      replaceOnChanges: ['size'],
      ignoreChanges: ['sshKeys'],
    });
  });

  it('User-data contains the host key and no other secret', () => {
    const userData = (run.get(DO('Droplet'), 'host').inputs['userData'] as Secret).value as string;
    expect(userData).toContain('SECREThost');
    expect(userData.match(/SECRET\w+/g)).toEqual(['SECREThost']);
    expect(userData).not.toContain('a-shared-secret-of-the-test');
  });

  it('The given SSH key is the login of the droplet', async () => {
    const given = await runProgram({ config: { 'oven:sshPrivateKey': GIVEN.privateKey } });
    const key = given.get(DO('SshKey'), 'login');
    expect(key.inputs['publicKey']).toBe(PUBLIC);
    // It is the operator's, and nothing of the stack's takes it away.
    expect(key).toMatchObject({ importId: '', retainOnDelete: true });
    expect(connection(given.get(COMMAND, 'activate'))['privateKey']).toBe(GIVEN.privateKey.trim());
    expect(run.get(DO('SshKey'), 'login').retainOnDelete).toBe(false);
  });

  it('An SSH key that the account already has is used, whatever its name is', async () => {
    const accountKeys = [
      { id: 7, name: 'another', fingerprint: '00:11' },
      { id: 512, name: 'laptop', fingerprint: fingerprintOf(PUBLIC) },
    ];
    const given = await runProgram({ config: { 'oven:sshPrivateKey': GIVEN.privateKey }, accountKeys });
    expect(given.get(DO('SshKey'), 'login')).toMatchObject({
      importId: '512',
      retainOnDelete: true,
      ignoreChanges: ['name', 'publicKey'],
    });
  });

  it('The host may be in another region than the Spaces', async () => {
    const moved = await runProgram({ config: { 'oven:region': 'nyc1' } });
    expect(moved.get(DO('Droplet'), 'host').inputs['region']).toBe('nyc1');
    expect(moved.get(DO('ReservedIp'), 'address').inputs['region']).toBe('nyc1');
    for (const bucket of moved.all(DO('SpacesBucket'))) expect(bucket.inputs['region']).toBe('sfo3');
    expect((moved.get(COMMAND, 'environment').inputs['stdin'] as Secret).value).toContain(
      'ART_SPACES_ENDPOINT="https://sfo3.digitaloceanspaces.com"',
    );
  });

  it('The droplet and its address are made after the Spaces keys, for which a token may lack the permission', () => {
    for (const what of ['Droplet host', 'ReservedIp address']) {
      const [type = '', name = ''] = what.split(' ');
      expect(run.get(DO(type), name).dependencies, what).toContain(`${DO('SpacesKey')} blobs`);
    }
  });
});

describe('edge', () => {
  it('The proxied DNS record leads to the reserved address', () => {
    expect(run.get(CF('DnsRecord'), 'record').inputs).toMatchObject({
      name: 'oven.aesthetic.computer',
      type: 'A',
      content: '203.0.113.80',
      proxied: true,
      ttl: 1,
    });
  });

  it('Without Cloudflare’s proxy the program makes no origin certificate', async () => {
    const bare = await runProgram({ config: { 'oven:proxied': 'false' } });
    expect(bare.get(CF('DnsRecord'), 'record').inputs).toMatchObject({ proxied: false, ttl: 300 });
    expect(bare.all(CF('OriginCaCertificate'))).toEqual([]);
    expect(bare.all(COMMAND).map(({ name }) => name)).not.toContain('certificate');
    expect(bare.calls).not.toContain('cloudflare:index/getZoneSetting:getZoneSetting');
  });

  it('The service gets the CDN’s name, and the program makes neither a name nor an endpoint for it', async () => {
    const cdn = await runProgram({ config: { 'oven:cdnDomain': 'at-blobs.aesthetic.computer' } });
    expect((cdn.get(COMMAND, 'environment').inputs['stdin'] as Secret).value).toContain(
      'AT_BLOBS_CDN="at-blobs.aesthetic.computer"',
    );
    expect(cdn.all(CF('DnsRecord')).map(({ name }) => name)).toEqual(['record']);
    expect(cdn.declared.filter(({ type }) => /Cdn|index.certificate/.test(type))).toEqual([]);
    expect(cdn.outputs.cdn).toBe('at-blobs.aesthetic.computer');
  });

  it('The program changes no setting of the whole zone', () => {
    const types = new Set(
      run.declared.map(({ type }) => type).filter((type) => type.startsWith('cloudflare:')),
    );
    expect(types).toEqual(new Set([CF('DnsRecord'), CF('OriginCaCertificate')]));
  });
});

describe('release', () => {
  const order = () => run.all(COMMAND).map(({ name }) => name);

  it('Every command runs on the droplet’s own address with its host key pinned', () => {
    for (const one of [...run.all(COMMAND), ...run.all('command:remote:CopyToRemote')]) {
      expect(connection(one)).toMatchObject({
        host: '198.51.100.4',
        user: 'root',
        hostKey: 'ssh-ed25519 aG9zdA==',
      });
      expect((one.inputs['triggers'] as unknown[])[0], one.name).toBe('4711');
    }
  });

  it('A droplet gets the address after its release is healthy, and a destroy drains first', () => {
    expect(order().indexOf('activate')).toBeGreaterThan(order().indexOf('environment'));
    expect(run.get(COMMAND, 'admit-successor').dependencies).toContain(`${COMMAND} activate`);
    expect(run.get(COMMAND, 'handover').dependencies).toContain(`${COMMAND} admit-successor`);
    expect(run.get(DO('ReservedIpAssignment'), 'address').dependencies).toContain(`${COMMAND} handover`);
    expect(run.get(COMMAND, 'drain').dependencies).toContain(`${DO('ReservedIpAssignment')} address`);
    expect(run.get(COMMAND, 'drain').inputs['delete']).toMatch(/oven-drain/);
    // Pulumi takes nothing out of the state that something else depends on, and a lost host's drain has to be taken out.
    const waiting = run.declared.filter(({ dependencies }) => dependencies.includes(`${COMMAND} drain`));
    expect(waiting.map(({ name }) => name)).toEqual([]);
    expect(run.get('oven:watch:Watch', 'watch').dependencies).toContain(
      `${DO('ReservedIpAssignment')} address`,
    );
  });

  it('Secrets reach commands by standard input and are not logged', () => {
    for (const name of ['environment', 'certificate']) {
      const { inputs } = run.get(COMMAND, name);
      expect(inputs['stdin']).toBeInstanceOf(Secret);
      expect(inputs['logging']).toBe('none');
    }
    expect((run.get(COMMAND, 'environment').inputs['stdin'] as Secret).value).toMatchInlineSnapshot(`
      "ART_SPACES_BUCKET="art-aesthetic-computer"
      ART_SPACES_ENDPOINT="https://sfo3.digitaloceanspaces.com"
      ART_SPACES_KEY="DO00ART"
      ART_SPACES_SECRET="SECRETart"
      AT_BLOBS_SPACES_BUCKET="at-blobs-aesthetic-computer"
      AT_BLOBS_SPACES_ENDPOINT="https://sfo3.digitaloceanspaces.com"
      AT_BLOBS_SPACES_KEY="DO00BLOBS"
      AT_BLOBS_SPACES_SECRET="SECRETblobs"
      CALLBACK_SECRET="a-shared-secret-of-the-test"
      PUBLIC_URL="https://oven.aesthetic.computer"
      "
    `);
  });
});

describe('hand-over', () => {
  it('The hand-over asks the host at the address, with a key that may do nothing else', () => {
    const { value } = run.get(COMMAND, 'handover').inputs['stdin'] as Secret;
    expect(value).toMatch(
      /^203\.0\.113\.80\nssh-ed25519 aG9zdA==\n-----BEGIN OPENSSH PRIVATE KEY-----\nSECREThandover\n/,
    );
    expect(value).not.toContain('SECRETlogin');
    expect(run.get(COMMAND, 'admit-successor').inputs['create']).toMatchInlineSnapshot(`
      "set -eu
      umask 077
      file=/root/.ssh/authorized_keys
      mkdir -p /root/.ssh
      touch "$file"
      { grep -v ' oven-handover$' "$file" || true; echo 'restrict,port-forwarding,permitlisten="127.0.0.1:3001",command="/usr/local/sbin/oven-handover give" ssh-ed25519 aGFuZG92ZXI= oven-handover'; } >"$file.partial"
      mv -f "$file.partial" "$file""
    `);
  });

  describe('The hand-over takes the queue', () => {
    const [OTHER, ABANDONED] = ['4700', '4699'];
    it.each([
      ['from no host in a first deployment', {}, [], undefined],
      ['from the host that the new one replaces', { host: OTHER }, [OTHER], OTHER],
      ['from no host when the old one is deleted', { host: OTHER }, [], undefined],
      ['from no host when the old one is abandoned', { host: ABANDONED }, [ABANDONED], undefined],
      [
        'from the same host as before when nothing changes',
        { host: '4711', predecessor: OTHER },
        ['4711'],
        OTHER,
      ],
      [
        'from no host, as before, when nothing changes',
        { host: '4711', predecessor: '' },
        ['4711'],
        undefined,
      ],
    ] as const)('%s', async (_what, before, droplets, predecessor) => {
      const config = { 'oven:abandonedHost': ABANDONED };
      const { get, outputs } = await runProgram({ before, droplets, config });
      const { value } = get(COMMAND, 'handover').inputs['stdin'] as Secret;
      expect(String(value).split('\n')[0]).toBe(['203.0.113.80', predecessor].filter(Boolean).join(' '));
      const known = await Promise.all([outputs.host, outputs.predecessor].map(resolved));
      expect(known).toEqual(['4711', predecessor ?? '']);
    });
  });

  it('A public key that would break out of its line is refused', () => {
    for (const key of ["ssh-ed25519 AAAA'; reboot; '", 'ssh-rsa AAAA', 'ssh-ed25519', '']) {
      expect(() => renderAuthorization(key), key).toThrow(TypeError);
    }
  });
});

describe('monitoring', () => {
  it('Alerts are mailed about the host, the service and its work', () => {
    expect(run.all(DO('MonitorAlert')).map(({ name }) => name)).toEqual(['disk', 'memory', 'cpu']);
    for (const { inputs } of run.all(DO('MonitorAlert'))) {
      expect(inputs).toMatchObject({
        tags: ['oven-aesthetic-computer'],
        alerts: { emails: ['me@aesthetic.computer'] },
      });
    }
    expect(run.all(DO('UptimeCheck')).map(({ inputs }) => inputs['target'])).toEqual([
      'https://oven.aesthetic.computer/health',
      'https://oven.aesthetic.computer/health/work',
    ]);
    expect(new Set(run.all(DO('UptimeAlert')).map(({ name }) => name))).toEqual(
      new Set(['health-down_global', 'health-latency', 'health-ssl_expiry', 'work-down_global']),
    );
    expect(run.all(CF('Healthcheck'))).toEqual([]);
    expect(run.calls).not.toContain('cloudflare:index/getZone:getZone');
  });

  it('Cloudflare checks /health itself where the stack says so, and mails both changes', async () => {
    const paid = await runProgram({ config: { 'oven:cloudflareHealthcheck': 'true' } });
    const zoneId = 'a23b54e8877a833a1cf8db7765bce3ca';
    expect(paid.get(CF('Healthcheck'), 'cloudflare-health').inputs).toEqual({
      ...HEALTH_CHECK,
      name: 'oven-aesthetic-computer-health',
      zoneId,
    });
    expect(paid.get(CF('NotificationPolicy'), 'cloudflare-health').inputs).toEqual({
      ...POLICY,
      accountId: 'the-account',
      filters: { healthCheckIds: ['cloudflare-health-id'], statuses: ['Unhealthy', 'Healthy'] },
    });
  });

  it('The receiver of alerts reaches the host in the secret environment only', async () => {
    const url = 'https://discord.com/api/webhooks/1/a-token-of-the-receiver';
    const told = await runProgram({ config: { 'oven:alertWebhookUrl': url } });
    const environment = told.get(COMMAND, 'environment').inputs['stdin'] as Secret;
    expect(environment.value).toContain(`ALERT_WEBHOOK_URL="${url}"`);
    const others = told.declared.filter(({ name }) => name !== 'environment').map(({ inputs }) => inputs);
    expect(JSON.stringify([others, told.outputs])).not.toContain('a-token-of-the-receiver');
    const silent = run.get(COMMAND, 'environment').inputs['stdin'] as Secret;
    expect(silent.value).not.toContain('ALERT_WEBHOOK_URL');
  });
});

describe('preflight', () => {
  it.each([
    ['a zone in which requests loop', { ssl: 'flexible' }, /SSL mode is "flexible".*Full \(strict\)/s],
    [
      'a Space of another account',
      { spaces: { 'art-aesthetic-computer': 'foreign' } },
      /Space art-aesthetic-computer is somebody else's/,
    ],
    [
      'a bucket of users’ tapes that does not exist',
      { config: { 'oven:userBucket': 'user-aesthetic-computer' } },
      /no Space user-aesthetic-computer in sfo3: correct userBucket/,
    ],
    [
      'a size that the region does not offer',
      { config: { 'oven:dropletSize': 's-9vcpu-9gb' } },
      /offers no s-9vcpu-9gb in sfo3, but s-1vcpu-1gb, s-2vcpu-2gb/,
    ],
    [
      'a CDN whose name does not exist',
      { config: { 'oven:cdnDomain': 'cdn.aesthetic.computer' } },
      /no name cdn.aesthetic.computer.* CNAME to at-blobs-aesthetic-computer.sfo3.cdn.digitaloceanspaces.com/,
    ],
    [
      'a token that may not use Spaces keys',
      {
        failing: {
          'digitalocean:index/getSpacesKey:getSpacesKey':
            'Error reading Spaces key: GET https://api.digitalocean.com/v2/spaces/keys/DO00NOBODYSKEY: 403 You are not authorized',
        },
      },
      /spaces_key:create_credentials/,
    ],
  ] as const)('An update and a preview are refused for %s', async (_what, options, message) => {
    await expect(runProgram(options)).rejects.toThrow(message);
    await expect(runProgram({ ...options, preview: true })).rejects.toThrow(message);
  });

  const blind = {
    failing: {
      'digitalocean:index/getSpacesBucket:getSpacesBucket': 'Spaces credentials not configured',
      'digitalocean:index/getRegion:getRegion': 'GET: 401 Unable to authenticate you',
      'cloudflare:index/getZoneSetting:getZoneSetting': 'Authentication error',
      'cloudflare:index/getIpRanges:getIpRanges': 'no such host',
    },
  };

  it('An update that can’t ask the clouds stops and gives every reason', async () => {
    await expect(runProgram(blind)).rejects.toThrow(
      /(Spaces credentials not configured|Unable to authenticate you|Authentication error|no such host)/,
    );
    const message = await runProgram(blind).catch((error: Error) => error.message);
    for (const reason of Object.values(blind.failing)) expect(message).toContain(reason);
  });

  it('The program asks about Spaces keys only when it makes some', async () => {
    const { calls } = await runProgram({
      config: {
        'oven:artSpacesKey': 'A',
        'oven:artSpacesSecret': 'SECRETa',
        'oven:blobsSpacesKey': 'B',
        'oven:blobsSpacesSecret': 'SECRETb',
      },
    });
    expect(calls).not.toContain('digitalocean:index/getSpacesKey:getSpacesKey');
  });

  it('A preview that can’t ask the clouds goes on', async () => {
    const preview = await runProgram({ ...blind, preview: true });
    expect(preview.get(DO('SpacesBucket'), 'art').importId).toBe('');
    expect(preview.all(DO('Droplet'))).toHaveLength(1);
  });

  it('The mocks refuse a call that is not mocked', async () => {
    const pulumi = await import('@pulumi/pulumi');
    await expect(pulumi.runtime.invoke('digitalocean:index/getDroplets:getDroplets', {})).rejects.toThrow(
      /nobody expected/,
    );
  });
});

describe('secrets', () => {
  const known = ['a-shared-secret-of-the-test', 'SECRET', 'PRIVATE KEY', 'admin-secret', 'dop_v1_token'];

  it.each(known)('No resource has this secret in plain text: %s', (text) => {
    for (const one of run.declared)
      expect(JSON.stringify(opened(one.inputs)), `${one.type} ${one.name}`).not.toContain(text);
  });

  it('Outputs with secrets are secret', async () => {
    const pulumi = await import('@pulumi/pulumi');
    const { sshPrivateKey, ip, ssh } = run.outputs;
    expect(await pulumi.isSecret(sshPrivateKey as Output<string>)).toBe(true);
    expect(await pulumi.isSecret(ip as Output<string>)).toBe(false);
    expect(await pulumi.isSecret(ssh as Output<string>)).toBe(false);
  });
});

describe('index.ts', () => {
  it('infra/index.ts has fewer than 60 lines and gives the outputs', async () => {
    expect((await readFile('infra/index.ts', 'utf8')).split('\n').length).toBeLessThan(60);
    expect(Object.keys(run.outputs)).toEqual(
      expect.arrayContaining(['url', 'ip', 'ssh', 'buckets', 'cdn', 'release']),
    );
  });
});

function resolved(output: unknown): Promise<unknown> {
  return new Promise((resolve) => (output as Output<unknown>).apply(resolve));
}

function connection(one: Declared): Record<string, unknown> {
  const given = one.inputs['connection'];
  if (!(given instanceof Secret)) throw new Error(`the connection of ${one.name} is not secret`);
  return given.value as Record<string, unknown>;
}

/** Without what is in a secret. */
function opened(value: unknown): unknown {
  if (value instanceof Secret) return '[secret]';
  if (Array.isArray(value)) return value.map(opened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, opened(one)]));
}
