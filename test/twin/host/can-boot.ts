import { readFileSync } from 'node:fs';
import { execaSync } from 'execa';
import { hierarchies } from './cgroup.ts';

const PROGRAMS = [
  'systemd-nspawn',
  'debootstrap',
  'ip',
  'nft',
  'unshare',
  'setpriv',
  'flock',
  'ssh',
  'scp',
  'ssh-keygen',
  'curl',
] as const;

/** Why hosts can't be booted on this machine, in one line; undefined where they can. */
export function canBootHosts(): string | undefined {
  if (process.platform !== 'linux') return 'hosts need Linux';
  if (process.getuid?.() !== 0) return 'hosts need root';
  const missing = PROGRAMS.filter((program) => !runs('sh', ['-c', `command -v ${program}`]));
  if (missing.length > 0) return `hosts need ${missing.join(', ')}`;
  if (!readFileSync('/proc/filesystems', 'utf8').includes('\toverlay')) return 'hosts need overlayfs';
  if (hierarchies().length === 0) return 'hosts need control groups';
  if (!runs('unshare', ['--mount', '--net', '--pid', '--fork', 'true'])) return 'hosts need namespaces';
  return undefined;
}

function runs(file: string, args: readonly string[]): boolean {
  return !execaSync(file, args, { reject: false, stdio: 'ignore' }).failed;
}
