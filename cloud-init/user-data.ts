import { renderJournald } from '../infra/host/journald.ts';
import { renderSshd } from '../infra/host/sshd.ts';
import { renderUpgrades } from '../infra/host/upgrades.ts';
import { block, quoted } from './yaml.ts';

export interface UserDataOptions {
  /** The host's private ed25519 key in OpenSSH's format, so that its public half is known before it boots. */
  readonly hostKey: string;
  /** `ssh-ed25519 AAAA…`, one line. */
  readonly hostPublicKey: string;
  /** Public keys that may log in as root, one line each. */
  readonly authorizedKeys: readonly string[];
}

/** What a host needs that comes as packages; Node comes with the release. */
export const PACKAGES = [
  'ca-certificates',
  'caddy',
  'curl',
  'ffmpeg',
  'logrotate',
  'openssl',
  'redis-server',
  'unattended-upgrades',
  'zstd',
] as const;

/** Written before packages are installed: where it is, the rest of the first boot's files are. */
export const SSHD_FILE = '/etc/ssh/sshd_config.d/10-oven.conf';

/**
 * What a fresh host does once: packages, the user `oven`, the pinned host key, how it is logged in to and updated.
 * Changing a byte of it replaces the host, so whatever may change travels with the release. The only secret in it is the
 * host's own key. Throws TypeError for a key that would break out of its place.
 */
export function renderUserData(options: UserDataOptions): string {
  const hostPublicKey = publicKey(options.hostPublicKey, 'hostPublicKey');
  const authorizedKeys = options.authorizedKeys.map((key) => publicKey(key, 'authorizedKeys'));
  if (authorizedKeys.length === 0) throw new TypeError('authorizedKeys: nobody could log in');
  return `#cloud-config
# Bootstraps a host of Oven. Changing this replaces hosts: units, Caddy, Redis and secrets come with the release instead.
timezone: Etc/UTC
disable_root: false
ssh_pwauth: false
ssh_deletekeys: true
ssh_keys:
  ed25519_private: |
${block(privateKey(options.hostKey), 4)}
  ed25519_public: ${quoted(hostPublicKey)}
ssh_authorized_keys:
${authorizedKeys.map((key) => `  - ${quoted(key)}`).join('\n')}
users:
  - name: oven
    gecos: Bakes tapes
    system: true
    no_create_home: true
    homedir: /nonexistent
    shell: /usr/sbin/nologin
    lock_passwd: true
package_update: true
packages:
${PACKAGES.map((name) => `  - ${name}`).join('\n')}
write_files:
${file(SSHD_FILE, renderSshd())}
${file('/etc/systemd/journald.conf.d/oven.conf', renderJournald())}
${file('/etc/apt/apt.conf.d/52oven-upgrades', renderUpgrades())}
runcmd:
  - [systemctl, restart, systemd-journald.service]
`;
}

function file(path: string, content: string): string {
  return `  - path: ${path}\n    permissions: '0644'\n    content: |\n${block(content, 6)}`;
}

function publicKey(text: string, name: string): string {
  const line = text.trim();
  if (!/^(ssh|ecdsa|sk)-[\w@.-]+ [A-Za-z0-9+/]+=*( [\x20-\x7e]*)?$/.test(line)) {
    throw new TypeError(`${name}: not one line of an OpenSSH public key`);
  }
  return line;
}

function privateKey(text: string): string {
  const key = `${text.trim()}\n`;
  if (
    !/^-----BEGIN OPENSSH PRIVATE KEY-----\n[A-Za-z0-9+/=\n]+\n-----END OPENSSH PRIVATE KEY-----\n$/.test(key)
  ) {
    throw new TypeError('hostKey: not a private key in OpenSSH format');
  }
  return key;
}
