import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execaNode } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { namespacesOf } from '../net/namespace.ts';
import { namespacePrefix } from '../net/network.ts';
import { canBootHosts } from './can-boot.ts';
import { existing, groupsOf } from './cgroup.ts';
import { type Cloud, openCloud } from './cloud.ts';
import type { TwinHost } from './host.ts';
import { machineName } from './leftovers.ts';
import { CACHE } from './place.ts';
import { type PlainUser, plainUser } from './plain.ts';
import { makeKey, ssh } from './ssh.ts';

const reason = canBootHosts();

/** Also what only the deployment's long form builds on: `npm run test:deploy`. */
const LONG = process.env.OVEN_TEST_DEPLOY === 'long';

/** Making the root filesystem, the first time, on a busy machine. */
const ROOT_MS = 900_000;

describe.skipIf(reason)(`a host${reason ? ` (${reason})` : ''}`, { timeout: 240_000 }, () => {
  let cloud: Cloud;
  let user: PlainUser;
  let host: TwinHost;

  beforeAll(async () => {
    cloud = await openCloud();
    user = await plainUser(cloud, ['zstd']);
    host = await cloud.boot({ ...user, label: 'first', packages: 'to install' });
  }, ROOT_MS);

  afterAll(async () => {
    const { run } = cloud;
    await cloud.close();
    expect(await leftOf(run.id)).toEqual([]);
  });

  test('A host boots, and cloud-init applies user-data', async () => {
    await host.ready();
    expect(await host.sh('id -un; hostname; zstd --version')).toMatch(/^op\nfirst\n.*Zstandard/);
    expect(await host.sh('ls /etc/ssh/ssh_host_*')).toBe(
      '/etc/ssh/ssh_host_ed25519_key\n/etc/ssh/ssh_host_ed25519_key.pub',
    );
    expect(await host.sh('systemctl list-units --failed --plain --no-legend')).toBe('');
  });

  test('A host admits only its key, and a client accepts only its pinned host key', async () => {
    const target = {
      ...user.login,
      namespace: cloud.client.name,
      address: host.address,
      folder: cloud.run.folder,
    };
    const other = await makeKey(cloud.run.folder, 'other');
    const wrongPin = await ssh({ ...target, hostKey: other.publicKey }, 'true');
    expect(wrongPin).toMatchObject({
      exitCode: 255,
      stderr: expect.stringContaining('Host key verification failed'),
    });
    const wrongKey = await ssh({ ...target, keyFile: other.file }, 'true');
    expect(wrongKey).toMatchObject({ exitCode: 255, stderr: expect.stringContaining('Permission denied') });
    expect(await ssh(target, 'exit 7')).toMatchObject({ exitCode: 7 });
  });

  test('A host takes input and files', async () => {
    expect(await host.sh('cat', { stdin: 'from outside' })).toBe('from outside');
    await host.copy(join(cloud.run.folder, 'user.pub'), '/tmp/copied');
    expect(await host.sh('cat /tmp/copied')).toContain('ssh-ed25519');
  });

  if (LONG) {
    test('A reboot keeps the disk', async () => {
      const booted = 'cat /proc/1/stat | cut -d " " -f 22';
      const before = await host.sh(booted);
      await host.sh('echo kept >note; echo gone >/run/user/$(id -u)/note');
      await host.reboot();
      expect(await host.sh('cat note; ls /run/user/$(id -u)/note || true')).toBe('kept');
      expect(await host.sh(booted)).not.toBe(before);
      expect(await host.sh('cloud-init status')).toBe('status: done');
    });

    test('A power cut keeps synced data and stops everything at once', async () => {
      await host.sh(
        'echo synced >synced; sync synced; nohup sh -c "trap \\"echo ended >ended\\" TERM; sleep 1000 & wait" >/dev/null 2>&1 &',
      );
      await host.cutPower();
      expect(host.isOn).toBe(false);
      expect(await existing(machineName(cloud.run, host.label)).processes()).toEqual([]);
      await host.powerOn();
      expect(await host.sh('cat synced; ls ended 2>/dev/null || true; pgrep -f "sleep [1]000" || true')).toBe(
        'synced',
      );
    });

    test('Two hosts run at once and apart, one of them with little memory', async () => {
      const small = await cloud.boot({ ...user, label: 'small', memoryMb: 256 });
      await small.ready();
      expect(await small.sh('hostname; ls note 2>/dev/null || true')).toBe('small');
      expect(await host.sh('hostname')).toBe('first');
      // Where the kernel's memory groups are of the kind that nests.
      if (existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes')) {
        const greedy = await small.run('head -c 600M /dev/zero | tail -c 500M | wc -c');
        expect(greedy.stdout).not.toBe(String(500 * 1024 * 1024));
        expect(await small.sh('echo alive')).toBe('alive');
      }
      await small.destroy();
      expect(await leftOf(`${cloud.run.id}-small`)).toEqual([]);
      expect(await host.sh('hostname')).toBe('first');
    });
  }

  test('The next start removes the rest of a killed test', async () => {
    const child = execaNode(join(import.meta.dirname, 'abandon.ts'), {
      stdin: 'ignore',
      reject: false,
      nodeOptions: [],
    });
    const id = await new Promise<string>((resolve) =>
      child.stdout.once('data', (text) => resolve(String(text).trim())),
    );
    expect(await leftOf(id)).not.toEqual([]);
    child.kill('SIGKILL');
    await child;
    const next = await openCloud();
    await next.close();
    expect(await leftOf(id)).toEqual([]);
  });
});

/** Everything on this machine that carries a run's id: namespaces, control groups, mounts, processes, folders. */
async function leftOf(id: string): Promise<string[]> {
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n');
  const run = id.split('-')[0]!;
  return [
    ...(await namespacesOf(namespacePrefix(run))).filter((name) => name.includes(id)),
    ...(await groupsOf(`oven-${id}`)),
    ...mounts.filter((line) => line.includes(`/runs/${run}/`) || line.includes(`oven-${id}`)),
    ...(await commandLines()).filter((line) => line.includes(`oven-${id}`)),
    ...(id === run ? (await readdir(join(CACHE, 'runs'))).filter((name) => name === id) : []),
  ];
}

async function commandLines(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.map((line) => line.replaceAll('\0', ' '));
}
