import { Document, Scalar, YAMLSeq } from 'yaml';
import { renderJournald } from '../infra/host/journald.ts';
import { renderSshd } from '../infra/host/sshd.ts';
import { renderUpgrades } from '../infra/host/upgrades.ts';

export interface UserDataOptions {
  /** The host's private ed25519 key in OpenSSH's format: its public half is known before the host boots. */
  readonly hostKey: string;
  /** `ssh-ed25519 AAAA…`, one line. */
  readonly hostPublicKey: string;
  /** Public keys that may log in as root, one line each. */
  readonly authorizedKeys: readonly string[];
  /** The packages of the host; by default those of a host of the service. */
  readonly packages?: readonly string[];
  /** When the host reboots for an update, such as 11:10, in UTC. */
  readonly rebootTime?: string;
}

/** The packages that a host needs. Node comes with the release. */
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

/** The packages that a queue host needs. */
export const QUEUE_PACKAGES = ['ca-certificates', 'redis-server', 'unattended-upgrades'] as const;

/** cloud-init writes its files before it installs packages: where this file is, the others are. */
export const SSHD_FILE = '/etc/ssh/sshd_config.d/10-oven.conf';

const HEADER = `#cloud-config
# Bootstraps a host of Oven. Changing this replaces hosts: units, Caddy, Redis and secrets come with the release instead.
`;

/**
 * The first boot of a host: packages, the user `oven`, the pinned host key, login and updates. A change of one byte replaces the host, so
 * everything that may change travels with the release. The only secret in it is the host's own key. Throws TypeError for a key that is no
 * OpenSSH key.
 */
export function renderUserData(options: UserDataOptions): string {
  const hostPublicKey = publicKey(options.hostPublicKey, 'hostPublicKey');
  const authorizedKeys = options.authorizedKeys.map((key) => publicKey(key, 'authorizedKeys'));
  if (authorizedKeys.length === 0) throw new TypeError('authorizedKeys: nobody could log in');
  const document = new Document({
    timezone: 'Etc/UTC',
    disable_root: false,
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_keys: {
      ed25519_private: privateKey(options.hostKey),
      ed25519_public: styled(hostPublicKey, Scalar.QUOTE_DOUBLE),
    },
    ssh_authorized_keys: authorizedKeys.map((key) => styled(key, Scalar.QUOTE_DOUBLE)),
    users: [
      {
        name: 'oven',
        gecos: 'Bakes tapes',
        system: true,
        no_create_home: true,
        homedir: '/nonexistent',
        shell: '/usr/sbin/nologin',
        lock_passwd: true,
      },
    ],
    package_update: true,
    packages: options.packages ?? PACKAGES,
    write_files: [
      file(SSHD_FILE, renderSshd()),
      file('/etc/systemd/journald.conf.d/oven.conf', renderJournald()),
      file('/etc/apt/apt.conf.d/52oven-upgrades', renderUpgrades(options.rebootTime)),
    ],
    runcmd: [inOneLine(['systemctl', 'restart', 'systemd-journald.service'])],
  });
  return HEADER + document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function file(path: string, content: string) {
  return { path, permissions: styled('0644', Scalar.QUOTE_SINGLE), content };
}

/** A text in one style of YAML, whatever its characters are: another style has other bytes. */
function styled(text: string, style: Scalar.Type): Scalar<string> {
  const scalar = new Scalar(text);
  scalar.type = style;
  return scalar;
}

function inOneLine(items: readonly string[]): YAMLSeq<string> {
  const sequence = new YAMLSeq<string>();
  sequence.items.push(...items);
  sequence.flow = true;
  return sequence;
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
