import { spawn } from 'node:child_process';
import { readlinkSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { has } from '../host/tool.ts';
import { type Behaviour, named, PlayedHost } from './host.ts';

const OLD = named(1);
const NEW = named(2);

/** A host on which OLD serves. */
async function running(): Promise<PlayedHost> {
  const host = await PlayedHost.boot();
  await host.upload(OLD, 'healthy');
  expect(host.activate(OLD)).toMatchObject({ code: 0, stderr: '' });
  host.calls();
  return host;
}

const current = (host: PlayedHost) => readlinkSync(join(host.root, 'opt/oven/current'));

const RECEIVER = 'ALERT_WEBHOOK_URL="https://alerts.example/a-token-of-the-receiver"\n';

/** What was told, by the calls of `oven alert`. None of all calls shows the receiver. */
function alertsOf(host: PlayedHost): string[] {
  const calls = host.calls();
  expect(calls.join('\n')).not.toContain('a-token-of-the-receiver');
  return calls.filter((call) => call.includes('oven alert'));
}

describe.skipIf(!has('zstd') || !has('flock'))('oven-activate (skipped without zstd and flock)', () => {
  it('oven-activate installs the files on a fresh host, checks the release, then lets it serve', async () => {
    using host = await PlayedHost.boot();
    await host.upload(OLD, 'healthy');
    expect(host.activate(OLD).stdout).toBe(`oven: ${OLD} serves, before it nothing\n`);
    expect(host.serves).toEqual({ release: OLD, environment: 'A="1"\n' });
    expect(current(host)).toBe(`releases/${OLD}`);
    expect(host.read('etc/caddy/Caddyfile')).toContain('oven.test');
    expect(host.read('opt/oven/revisions.log')).toMatch(new RegExp(`^\\S+Z activated ${OLD} none\\n$`));
    expect(host.list('opt/oven/incoming')).toEqual(['environment']);
    const calls = host.calls();
    const order = [
      'restart redis-server.service',
      `start oven-candidate@${OLD}.service`,
      'restart oven.service',
    ];
    expect(calls.filter((call) => order.some((one) => call === `systemctl ${one}`))).toEqual(
      order.map((one) => `systemctl ${one}`),
    );
    expect(calls).toContain('systemctl enable --quiet oven.socket');
  });

  it('oven-activate replaces a release with one restart of the service, and restarts nothing that did not change', async () => {
    using host = await running();
    await host.upload(NEW, 'healthy');
    expect(host.activate(NEW).stdout).toBe(`oven: ${NEW} serves, before it ${OLD}\n`);
    expect(host.serves?.release).toBe(NEW);
    const changes = host.calls().filter((call) => /restart|reload|enable --quiet|stop oven\./.test(call));
    expect(changes).toEqual(['systemctl restart oven.service']);
  });

  it.each<[Behaviour, string]>([
    ['healthy', `Release ${NEW} serves, before it ${OLD}.`],
    ['unhealthy', `Release ${NEW} does not serve. ${OLD} goes on.`],
    ['crashes when it serves', `Release ${NEW} does not serve. ${OLD} goes on.`],
  ])('oven-activate tells the receiver of alerts how a release that is %s went', async (behaviour, text) => {
    using host = await running();
    host.write('etc/oven/oven.env', RECEIVER);
    await host.upload(NEW, behaviour);
    const { code, stderr, stdout } = host.activate(NEW, RECEIVER);
    expect(code).toBe(behaviour === 'healthy' ? 0 : 1);
    expect(stdout + stderr).not.toContain('a-token-of-the-receiver');
    expect(alertsOf(host)).toEqual([`timeout 20 ${host.root}/opt/oven/current/host/sbin/oven alert ${text}`]);
  });

  it('A receiver of alerts that takes nothing changes nothing else, and any kept release is asked to tell it', async () => {
    using host = await running();
    host.write('fake/timeout-code', '124');
    await host.upload(NEW, 'unhealthy');
    const { code, stderr } = host.activate(NEW, RECEIVER);
    expect([code, stderr.includes('could not be told')]).toEqual([1, false]); // the former environment has no receiver
    host.write('etc/oven/oven.env', RECEIVER);
    expect(host.step('activate', NEW).stderr).toMatch(/\noven: the receiver of alerts could not be told\n$/);
    expect(host.serves?.release).toBe(OLD);
    const tried = alertsOf(host).map((call) => call.split(' ')[2]);
    expect(tried).toEqual(
      ['current', `releases/${NEW}`].map((one) => `${host.root}/opt/oven/${one}/host/sbin/oven`),
    );
  });

  it('oven-activate changes nothing in a second run', async () => {
    using host = await running();
    expect(host.activate(OLD)).toEqual({ code: 0, stdout: `oven: ${OLD} serves already\n`, stderr: '' });
    expect(host.calls().every((call) => call.includes('is-enabled'))).toBe(true);
    expect(host.read('opt/oven/revisions.log')?.split('\n')).toHaveLength(2);
  });

  it.each<[Behaviour, RegExp]>([
    ['does not start', /is not healthy/],
    ['ends', /journal of oven-candidate@2{16}\.service/],
    ['hangs', /is not healthy/],
    ['unhealthy', /"reasons":\["blobs"\]/],
    ['is another', /is not healthy/],
  ])('oven-activate never lets a candidate serve that %s', async (behaviour, message) => {
    using host = await running();
    await host.upload(NEW, behaviour);
    const { code, stderr } = host.activate(NEW, 'A="2"\n');
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(host.serves).toEqual({ release: OLD, environment: 'A="1"\n' });
    expect(host.calls()).not.toContain('systemctl restart oven.service');
    expect(host.read('fake/candidate')).toBeUndefined();
    expect(host.read('run/oven/candidate.env')).toBeUndefined();
    expect(host.read('opt/oven/revisions.log')).toContain(`failed ${NEW} ${OLD}\n`);
  });

  it.each<Behaviour>(['does not answer when it serves', 'crashes when it serves', 'hung up'])(
    'returns to what served before when a release, after the switch, %s',
    async (behaviour) => {
      using host = await running();
      await host.upload(NEW, behaviour, (files) =>
        files.map((file) =>
          file.path === 'host/files/etc/caddy/Caddyfile'
            ? { ...file, content: Buffer.from('other\n') }
            : file,
        ),
      );
      const { code, stderr } = host.activate(NEW, 'A="2"\n');
      expect(code).toBeGreaterThan(0);
      expect(stderr).toContain(`returned to ${OLD}`);
      expect(host.serves).toEqual({ release: OLD, environment: 'A="1"\n' });
      expect(current(host)).toBe(`releases/${OLD}`);
      expect(host.read('etc/caddy/Caddyfile')).toContain('oven.test');
      expect(host.read('etc/oven/oven.env')).toBe('A="1"\n');
      expect(host.list('etc/oven')).not.toContain('oven.env.previous');
      if (behaviour !== 'hung up') expect(stderr).toContain(`line of ${NEW}`);
    },
  );

  it('oven-activate leaves a fresh host without a service when the first release fails', async () => {
    using host = await PlayedHost.boot();
    await host.upload(OLD, 'does not answer when it serves');
    expect(host.activate(OLD)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no release served before'),
    });
    expect(host.serves).toBeUndefined();
    host.behave(OLD, 'healthy');
    expect(host.activate(OLD).code).toBe(0);
  });

  it('oven-activate repairs a switch that a power cut interrupted', async () => {
    using host = await running();
    await host.upload(NEW, 'cut off');
    expect(host.activate(NEW, 'A="2"\n').code).not.toBe(0);
    expect(current(host)).toBe(`releases/${NEW}`);
    host.behave(NEW, 'unhealthy');
    expect(host.activate(NEW, 'A="2"\n')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`returned to ${OLD}`),
    });
    expect(host.serves).toEqual({ release: OLD, environment: 'A="1"\n' });
    host.behave(NEW, 'healthy');
    expect(host.activate(NEW, 'A="2"\n').code).toBe(0);
    expect(host.serves).toEqual({ release: NEW, environment: 'A="2"\n' });
  });

  it('oven-activate checks a new environment with a candidate and restarts the service', async () => {
    using host = await running();
    expect(host.activate(OLD, 'A="2"\n').code).toBe(0);
    expect(host.serves?.environment).toBe('A="2"\n');
    expect(host.read('fake/candidate.env')).toBe('A="2"\n');
  });

  it('oven-activate cleans up after an interrupted unpacking and refuses a broken archive', async () => {
    using host = await running();
    host.write(`opt/oven/releases/.${NEW}/service/main.ts`, 'half');
    await host.upload(NEW, 'healthy');
    const archive = `opt/oven/incoming/oven-${NEW}.tar.zst`;
    truncateSync(join(host.root, archive), statSync(join(host.root, archive)).size - 20);
    expect(host.activate(NEW)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("can't be unpacked"),
    });
    expect(host.list('opt/oven/releases')).toEqual([OLD]);
    await host.upload(NEW, 'healthy');
    expect(host.activate(NEW).code).toBe(0);
  });

  it('oven-activate refuses to run during another release, and takes the lock of a dead one', async () => {
    using host = await running();
    await host.upload(NEW, 'healthy');
    const holder = spawn('flock', [join(host.root, 'run/oven-release.lock'), 'sh', '-c', 'echo held; cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    expect(host.activate(NEW)).toMatchObject({ code: 1, stderr: 'oven: another release is under way\n' });
    holder.stdin.end();
    await new Promise((resolve) => holder.once('exit', resolve));
    expect(host.activate(NEW).code).toBe(0);
  });

  it('oven-activate does not change the host when Caddy refuses the Caddyfile', async () => {
    using host = await running();
    await host.upload(NEW, 'healthy', (files) =>
      files.map((file) =>
        file.path === 'host/files/etc/caddy/Caddyfile'
          ? { ...file, content: Buffer.from('# refused\n') }
          : file,
      ),
    );
    const { code, stderr } = host.activate(NEW);
    expect(code).toBe(1);
    expect(stderr).toContain('line 1: refused');
    expect(host.serves?.release).toBe(OLD);
    expect(host.read('etc/caddy/Caddyfile')).toContain('oven.test');
  });

  it('oven-activate removes a file that the release no longer has and reloads its program', async () => {
    using host = await running();
    await host.upload(NEW, 'healthy', (files) =>
      files.filter((file) => !file.path.endsWith('/oven-disk.timer')),
    );
    expect(host.activate(NEW).code).toBe(0);
    expect(host.read('etc/systemd/system/oven-disk.timer')).toBeUndefined();
    const calls = host.calls();
    expect(calls).toContain('systemctl disable --quiet --now oven-disk.timer');
    expect(calls).toContain('systemctl daemon-reload');
  });

  it('oven-activate keeps the last five releases', async () => {
    using host = await running();
    for (const digit of [2, 3, 4, 5, 6, 7]) {
      await host.upload(named(digit), digit === 6 ? 'unhealthy' : 'healthy');
      expect(host.activate(named(digit)).code).toBe(digit === 6 ? 1 : 0);
    }
    expect(host.list('opt/oven/releases')).toEqual([2, 3, 4, 5, 7].map(named));
  });
});

describe.skipIf(!has('zstd') || !has('flock'))('oven-rollback (skipped without zstd and flock)', () => {
  async function three(): Promise<PlayedHost> {
    const host = await running();
    for (const digit of [2, 3]) {
      await host.upload(named(digit), 'healthy');
      expect(host.activate(named(digit)).code).toBe(0);
    }
    return host;
  }

  it.each([
    ['the one before', [], named(2)],
    ['the one that is named', [named(1)], named(1)],
  ])('oven-rollback returns to %s', async (_what, args, expected) => {
    using host = await three();
    expect(host.rollback(...args)).toMatchObject({ code: 0, stderr: '' });
    expect(host.serves?.release).toBe(expected);
    expect(host.read('opt/oven/revisions.log')).toContain(`returned ${expected} ${named(3)}\n`);
    const releases = host.run(`'${host.root}/opt/oven/current/host/sbin/oven-releases'`).stdout;
    expect(releases.split('\n')[0]).toBe(`${expected} serves`);
    expect(host.rollback(expected).stdout).toBe(`oven: ${expected} serves already\n`);
  });

  it('oven-rollback stays at the present release when the other one does not answer', async () => {
    using host = await three();
    host.behave(named(2), 'does not answer when it serves');
    expect(host.rollback()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`returned to ${named(3)}`),
    });
    expect(host.serves?.release).toBe(named(3));
  });

  it('oven-rollback restores the environment after an interrupted activation', async () => {
    using host = await three();
    await host.upload(named(4), 'cut off');
    expect(host.activate(named(4), 'A="4"\n').code).not.toBe(0);
    expect(host.rollback(named(1))).toMatchObject({ code: 0 });
    expect(host.serves).toEqual({ release: named(1), environment: 'A="1"\n' });
    expect(host.read('var/lib/oven/switching')).toBeUndefined();
  });

  it('oven-rollback tells the receiver of alerts to which release it returned', async () => {
    using host = await three();
    host.write('etc/oven/oven.env', RECEIVER);
    expect(host.rollback()).toMatchObject({ code: 0, stderr: '' });
    expect(alertsOf(host)).toEqual([
      `timeout 20 ${host.root}/opt/oven/current/host/sbin/oven alert Rolled back to release ${named(2)}, before it ${named(3)}.`,
    ]);
  });

  it.each(['ffffffffffffffff', '../../etc'])('oven-rollback refuses %s, which is not kept', async (hash) => {
    using host = await running();
    expect(host.rollback(hash)).toMatchObject({ code: 1, stderr: expect.stringContaining('not kept') });
  });
});

describe.skipIf(!has('zstd') || !has('flock'))(
  'one of several hosts (skipped without zstd and flock)',
  () => {
    async function balanced(): Promise<PlayedHost> {
      const host = await PlayedHost.boot({ balanced: true });
      await host.upload(OLD, 'healthy');
      // The load balancer does not lead to a host without a release.
      expect(host.activate(OLD)).toMatchObject({ code: 0, stderr: '' });
      expect(host.calls().filter((call) => call.startsWith('sleep'))).toEqual([]);
      return host;
    }
    const STEPS = /^(sleep|systemctl (restart oven|stop oven\.|start oven-candidate))/;
    const hasLeft = (host: PlayedHost) => host.read('run/oven-leaving') !== undefined;

    it.each<[Behaviour, number, readonly string[]]>([
      ['healthy', 0, [`start oven-candidate@${NEW}`, 'away', 'restart oven', 'back']],
      [
        'crashes when it serves',
        1,
        [`start oven-candidate@${NEW}`, 'away', 'restart oven', 'restart oven', 'back'],
      ],
      ['unhealthy', 1, [`start oven-candidate@${NEW}`]],
    ])(
      'Around the switch to a release that is %s, the host leaves its load balancer',
      async (behaviour, code, steps) => {
        using host = await balanced();
        await host.upload(NEW, behaviour);
        expect(host.activate(NEW).code).toBe(code);
        const calls = host.calls().filter((call) => STEPS.test(call));
        expect(calls.map((call) => call.replace(/^sleep 7 |^systemctl |\.service$/g, ''))).toEqual(steps);
        expect(hasLeft(host)).toBe(false);
      },
    );

    it('A rollback leaves the load balancer too, and a host that was left away comes back with the next activation', async () => {
      using host = await balanced();
      await host.upload(NEW, 'healthy');
      host.activate(NEW);
      host.calls();
      expect(host.rollback()).toMatchObject({ code: 0, stderr: '' });
      expect(host.calls().filter((call) => call.startsWith('sleep'))).toEqual([
        'sleep 7 away',
        'sleep 7 back',
      ]);
      host.write('run/oven-leaving', '');
      expect(host.activate(OLD).stdout).toBe(`oven: ${OLD} serves already\n`);
      expect(hasLeft(host)).toBe(false);
    });

    it('A drain of one host leaves the load balancer, then stops the service, which hands its tapes back', async () => {
      using host = await balanced();
      const drained = host.run(`'${host.root}/opt/oven/current/host/sbin/oven-drain'`);
      expect(drained).toEqual({ code: 0, stdout: 'oven: left: the other hosts go on\n', stderr: '' });
      expect(host.calls().filter((call) => STEPS.test(call))).toEqual([
        'sleep 7 away',
        'systemctl stop oven.socket oven.service',
      ]);
      expect(hasLeft(host)).toBe(true);
    });

    it('A drain of all hosts asks the service to drain the whole queue', async () => {
      using host = await balanced();
      host.run(`'${host.root}/opt/oven/current/host/sbin/oven-drain' 900 all`);
      expect(host.calls().filter((call) => call.startsWith('timeout'))).toEqual([
        `timeout --signal=INT --kill-after=10 900 ${host.root}/opt/oven/releases/${OLD}/host/sbin/oven drain --all`,
      ]);
    });
  },
);
