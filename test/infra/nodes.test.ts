import { describe, expect, it, vi } from 'vitest';
import { describeCosts } from '../../infra/costs.ts';
import { type Declared, NETWORKS, type Run, runProgram, Secret } from './cloud.ts';

// Packing takes seconds and has tests of its own.
vi.mock('../../infra/release/build.ts', () => ({
  buildRelease: async () => ({
    hash: '0123456789abcdef',
    file: `${process.cwd()}/.cache/release/oven.tar.zst`,
  }),
}));

const DO = (type: string) => `digitalocean:index/${type.charAt(0).toLowerCase()}${type.slice(1)}:${type}`;
const COMMAND = 'command:remote:Command';
const CONFIG = { 'oven:nodes': '3' };

/** A line for each resource, with what it depends on. */
function listing({ declared }: Run): string {
  const lines = declared.map(
    ({ type, name, dependencies }) =>
      `${short(`${type} ${name}`)}${dependencies.length > 0 ? ` < ${dependencies.map(short).toSorted().join(', ')}` : ''}`,
  );
  return `${lines.toSorted().join('\n')}\n`;
}

function short(resource: string): string {
  return resource.replace(/^(digitalocean|cloudflare|tls):index\/\w+:/, '$1 ').replace('command:remote:', '');
}

const one = await runProgram();
const three = await runProgram({ config: CONFIG });

const dependencies = (type: string, name: string) => three.get(type, name).dependencies;
const command = (name: string) => `${COMMAND} ${name}`;
const plain = ({ inputs }: Declared, key: string) =>
  inputs[key] instanceof Secret ? inputs[key].value : inputs[key];

describe('several hosts', () => {
  it('The resources of one host and of three are equal to the golden files', async () => {
    await expect(listing(one)).toMatchFileSnapshot('golden/one-host.txt');
    await expect(listing(three)).toMatchFileSnapshot('golden/three-hosts.txt');
  });

  it('The first host is the same resource with the same inputs, however many hosts there are', () => {
    for (const [type, name] of [
      [DO('Droplet'), 'host'],
      ['tls:index/privateKey:PrivateKey', 'host-key'],
      [DO('Tag'), 'tag'],
      [DO('SshKey'), 'login'],
    ] as const) {
      expect(three.get(type, name).inputs, name).toEqual(one.get(type, name).inputs);
    }
  });

  it('Hosts have stable names, keys of their own, and reboot for updates one after the other', () => {
    const hosts = ['host', 'host-2', 'host-3'].map((name) => three.get(DO('Droplet'), name));
    expect(hosts.map(({ inputs }) => inputs['name'])).toEqual([
      'oven-aesthetic-computer',
      'oven-aesthetic-computer-2',
      'oven-aesthetic-computer-3',
    ]);
    const times = [...hosts, three.get(DO('Droplet'), 'queue')].map(
      (host) => /Reboot-Time "([0-9:]+)"/.exec(String(plain(host, 'userData')))?.[1],
    );
    expect(times).toEqual(['11:00', '11:10', '11:20', '10:50']);
  });

  it('The public name leads to the load balancer, after every host was activated', () => {
    const record = three.get('cloudflare:index/dnsRecord:DnsRecord', 'record');
    expect(record.inputs['content']).toBe('203.0.113.90');
    expect(record.dependencies).toContain(command('activate-3'));
    expect(three.all(DO('ReservedIp'))).toEqual([]);
  });

  it('The load balancer passes TLS on, asks each host for its own health, and takes connections from Cloudflare only', () => {
    const { inputs } = three.get(DO('LoadBalancer'), 'balancer');
    expect(inputs).toMatchObject({
      dropletTag: 'oven-aesthetic-computer',
      forwardingRules: [
        { entryPort: 443, targetPort: 443, tlsPassthrough: true },
        { entryPort: 80, targetPort: 80 },
      ],
      healthcheck: { protocol: 'http', port: 8081, path: '/health/host' },
      firewall: { allows: NETWORKS.ipv4Cidrs.toSorted().map((network) => `cidr:${network}`) },
    });
    expect(inputs).not.toHaveProperty('enableProxyProtocol');
  });

  it('Hosts admit the load balancer only, and the queue host admits hosts only', () => {
    const rules = (name: string) =>
      (three.get(DO('Firewall'), name).inputs['inboundRules'] as Record<string, unknown>[]).map(
        ({ portRange, ...peers }) => [portRange, peers],
      );
    const ssh = ['22', { protocol: 'tcp', sourceAddresses: ['203.0.113.7/32'] }];
    const fromBalancer = { protocol: 'tcp', sourceLoadBalancerUids: ['balancer-id'] };
    expect(rules('balanced')).toEqual([
      ssh,
      ['80', fromBalancer],
      ['443', fromBalancer],
      ['8081', fromBalancer],
    ]);
    const fromHosts = { protocol: 'tcp', sourceTags: ['oven-aesthetic-computer'] };
    expect(rules('queue')).toEqual([ssh, ['6379', fromHosts]]);
    for (const name of ['host', 'host-2', 'host-3'])
      expect(dependencies(DO('Droplet'), name)).toContain(`${DO('Firewall')} balanced`);
    expect(dependencies(DO('Droplet'), 'queue')).toContain(`${DO('Firewall')} queue`);
  });

  it('Hosts are activated one after the other, and the first one brings its queue along', () => {
    expect(dependencies(COMMAND, 'queue-give')).toContain(command('activate'));
    expect(dependencies(COMMAND, 'activate-2')).toContain(command('queue-give'));
    expect(dependencies(COMMAND, 'activate-3')).toContain(command('activate-2'));
    expect(dependencies(COMMAND, 'activate')).toContain(command('queue-start'));
    // Packages and archives come to all hosts at once.
    for (const name of ['prepare-2', 'upload-2'])
      expect(dependencies(name === 'upload-2' ? 'command:remote:CopyToRemote' : COMMAND, name)).not.toContain(
        command('activate'),
      );
  });

  it('Before the queue host goes, hosts leave, then the queue comes back to the first host', () => {
    for (const name of ['drain', 'drain-2', 'drain-3']) {
      expect(dependencies(COMMAND, name)).toContain(command('queue-take'));
      expect(dependencies(COMMAND, name)).toContain(`${DO('LoadBalancer')} balancer`);
      expect(dependencies(COMMAND, 'drain-all')).toContain(command(name));
    }
    expect(dependencies(COMMAND, 'queue-take')).toContain(command('queue-start'));
    // A host that is replaced runs neither of them.
    for (const name of ['queue-take', 'drain-all'])
      expect(three.get(COMMAND, name).inputs).not.toHaveProperty('triggers');
  });

  it('Nothing replaces the queue host, and in the run that moves the queue nothing replaces the first host', async () => {
    const QUEUE = ['sshKeys', 'image', 'region', 'userData'];
    expect(three.get(DO('Droplet'), 'queue').ignoreChanges).toEqual(QUEUE);
    const kept = ['sshKeys', 'size', 'image', 'region', 'userData'];
    const of = async (before: Record<string, unknown>, config: Record<string, string>) =>
      (await runProgram({ before, config })).get(DO('Droplet'), 'host').ignoreChanges;
    expect(await of({ host: '4711' }, CONFIG)).toEqual(kept);
    expect(await of({ host: '4711', nodes: 2 }, CONFIG)).toEqual(['sshKeys']);
    expect(await of({ host: '4711', nodes: 2 }, {})).toEqual(kept);
    expect(await of({ host: '4711' }, {})).toEqual(['sshKeys']);
    expect(await of({}, CONFIG)).toEqual(['sshKeys']);
  });

  it('On the way back to one host, the public name leads to its address when the host has it', async () => {
    const RECORD = ['cloudflare:index/dnsRecord:DnsRecord', 'record'] as const;
    const assignment = `${DO('ReservedIpAssignment')} address`;
    const back = await runProgram({ before: { host: '4711', nodes: 2 }, droplets: ['4711'] });
    expect(back.get(...RECORD).dependencies).toContain(assignment);
    expect(one.get(...RECORD).dependencies).not.toContain(assignment);
  });

  it('Hosts know the queue host by its URL and its authority, and no other resource has the password', () => {
    const environment = String(plain(three.get(COMMAND, 'environment-3'), 'stdin'));
    const password = /REDIS_URL="rediss:\/\/:([0-9a-f]{64})@10\.0\.0\.7:6379"/.exec(environment)?.[1];
    expect(environment).toMatch(/^NODES="3"\n/m);
    expect(environment).toContain('REDIS_CA="/etc/ssl/oven-queue.pem"');
    expect(plain(three.get(COMMAND, 'authority-3'), 'stdin')).toBe('AUTHORITY');
    expect(plain(three.get(COMMAND, 'queue-settings'), 'stdin')).toContain(`requirepass ${password}\n`);
    const open = (value: unknown): unknown =>
      value instanceof Secret
        ? '[secret]'
        : typeof value === 'object' && value !== null
          ? Object.values(value).map(open)
          : value;
    expect(JSON.stringify([three.declared.map(({ inputs }) => open(inputs)), three.outputs])).not.toContain(
      password,
    );
    expect(plain(one.get(COMMAND, 'environment'), 'stdin')).not.toMatch(/REDIS_URL|NODES/);
  });

  it('Alerts are mailed about the memory and the disk of the queue host', () => {
    const of = (run: Run) =>
      run
        .all(DO('MonitorAlert'))
        .filter(({ name }) => name.startsWith('queue'))
        .map(({ inputs }) => [inputs['type'], inputs['tags']]);
    const tags = ['oven-aesthetic-computer-queue'];
    expect(of(three)).toEqual([
      ['v1/insights/droplet/disk_utilization_percent', tags],
      ['v1/insights/droplet/memory_utilization_percent', tags],
    ]);
    expect(of(one)).toEqual([]);
  });

  it.each([
    [{ nodes: 1, dropletSize: 's-1vcpu-1gb' }, /cost \$6 a month \(1 × s-1vcpu-1gb at \$6;/],
    [
      { nodes: 3, dropletSize: 's-2vcpu-2gb' },
      /cost \$72 a month \(3 × s-2vcpu-2gb at \$18, the queue host at \$6, the load balancer at \$12;/,
    ],
    [{ nodes: 2, dropletSize: 'c-2' }, /price of a c-2 is not known/],
  ])('The preview says what hosts cost: %j', (settings, text) => {
    expect(describeCosts(settings)).toMatch(text);
  });
});
