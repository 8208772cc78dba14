import { PACKAGES, SSHD_FILE } from '../../cloud-init/user-data.ts';
import { INCOMING, OVEN, QUEUE_AUTHORITY } from '../host/paths.ts';

/** Secret inputs, which steps read from standard input. */
export type Secret = 'environment' | 'certificate' | 'authority' | 'handover' | 'queue';

/**
 * One step of a release, which runs as root on the host. `create` runs the first time, and again when its text or its input changes; `delete` runs when
 * the host is deleted. No command contains a secret, because Pulumi shows a failing command.
 */
export interface CommandStep {
  readonly kind: 'command';
  readonly name:
    | 'prepare'
    | 'environment'
    | 'certificate'
    | 'authority'
    | 'activate'
    | 'handover'
    | 'queue-give'
    | 'queue-take'
    | 'drain'
    | 'drain-all';
  readonly create: string;
  readonly delete?: string;
  readonly stdin?: Secret;
  /** Whether a new host does not run it again. Its deletion runs when the step leaves the program, and not for a host that is replaced. */
  readonly lasting?: true;
  /** When the output of one of these steps changes, this step runs again. For a new host all steps run. */
  readonly triggeredBy: readonly Secret[];
}

export interface UploadStep {
  readonly kind: 'upload';
  readonly name: 'upload';
  readonly from: string;
  readonly to: string;
}

export type ReleaseStep = CommandStep | UploadStep;

export interface StepOptions {
  /** The release's hash and its archive on this machine, from `buildRelease`. */
  readonly hash: string;
  readonly file: string;
  /** Whether the host gets an origin certificate, because it is proxied. Otherwise Caddy gets one. */
  readonly certificate: boolean;
  /**
   * Whether the host takes over the queue of the host with the address; `handoverInput` names that host. The step runs before the address
   * moves.
   */
  readonly handover?: boolean;
  /** Whether the queue is on a host of its own, whose authority the service has to know. */
  readonly shared?: boolean;
  /** How long a destroy waits for tapes and callbacks; 15 minutes by default. */
  readonly drainSeconds?: number;
}

/**
 * The steps that bring a release onto a host, in order; deletions run in reverse order. A second run of a step changes nothing. Steps must use the host's
 * own address: `drain` stops the old host and not its successor.
 */
export function releaseSteps(options: StepOptions): readonly ReleaseStep[] {
  if (!/^[0-9a-f]{16}$/.test(options.hash)) throw new TypeError(`not a release's hash: ${options.hash}`);
  const secrets: ('environment' | 'certificate')[] = options.certificate
    ? ['environment', 'certificate']
    : ['environment'];
  return [
    command('prepare', { create: prepare(options.hash) }),
    { kind: 'upload', name: 'upload', from: options.file, to: archiveOf(options.hash) },
    ...secrets.map((secret) => command(secret, { create: stage(secret), stdin: secret })),
    ...(options.shared ? [command('authority', { create: installAuthority(), stdin: 'authority' })] : []),
    command('activate', {
      create: activate(options.hash),
      triggeredBy: options.shared ? [...secrets, 'authority'] : secrets,
    }),
    ...(options.handover ? [command('handover', { create: handover(), stdin: 'handover' })] : []),
    command('drain', { create: ':', delete: drain(options.drainSeconds ?? 900) }),
  ];
}

/**
 * Steps of the first of several hosts, which move the queue between its own Redis and the queue host. `take` and `drainAll` do nothing while the
 * stack has several hosts: their deletions bring the queue back, and drain all hosts of a stack that is destroyed.
 */
export const SHARED_QUEUE_STEPS = {
  give: command('queue-give', { create: moveQueue('give'), stdin: 'queue' }),
  take: command('queue-take', { create: ':', delete: moveQueue('take'), stdin: 'queue', lasting: true }),
  drainAll: command('drain-all', { create: ':', delete: drainAll(900), lasting: true }),
};

/** The host that a queue is taken over from. */
export interface HandoverFrom {
  readonly address: string;
  readonly hostPublicKey: string;
  /** This key permits the hand-over only. */
  readonly privateKey: string;
  /** The id of a droplet that is known to exist. Without it, a host that does not answer does not exist. */
  readonly predecessor?: string | undefined;
}

/** The standard input of the step `handover`: a line `ADDRESS [DROPLET]`, a line with the host key, and the private key. */
export function handoverInput({ address, hostPublicKey, privateKey, predecessor }: HandoverFrom): string {
  const from = predecessor === undefined ? address : `${address} ${predecessor}`;
  return `${from}\n${hostPublicKey.trim()}\n${privateKey.trim()}\n`;
}

/** The path of a release's archive on the host, until its activation. */
function archiveOf(hash: string): string {
  return `${INCOMING}/oven-${hash}.tar.zst`;
}

function command(name: CommandStep['name'], step: Partial<CommandStep> & { create: string }): CommandStep {
  return { kind: 'command', name, triggeredBy: [], ...step };
}

/**
 * Mebibytes that must be free before an upload: the service's MIN_FREE_MB, and twice the size of an archive and its content.
 */
const MIN_FREE_MB = 1536;

/** Completes the first boot. It also fails on a full disk: an archive would take the rest of it, and Redis could write nothing more. */
function prepare(hash: string): string {
  return `${finishFirstBoot(PACKAGES)}
install -d -m 0755 ${OVEN} ${OVEN}/releases
install -d -m 0700 ${INCOMING}
if test -d ${OVEN}/releases/${hash}; then exit 0; fi
find ${INCOMING} -name 'oven-*.tar.zst' ! -name 'oven-${hash}.tar.zst' -delete
free=$(df --output=avail --block-size=1M ${OVEN} | tail -n 1 | tr -d ' ')
if test "$free" -lt ${MIN_FREE_MB}; then
  echo "oven: the host's disk has $free MiB free, and a release needs ${MIN_FREE_MB}: nothing was changed" >&2
  exit 1
fi`;
}

/**
 * Waits for cloud-init on a fresh host. cloud-init installs packages once; when that fails (apt's lock, a mirror that does not answer), this step installs
 * them. It fails when the user or the files of the first boot are missing.
 */
export function finishFirstBoot(packages: readonly string[]): string {
  return `set -eu
cloud-init status --wait >/dev/null || echo 'oven: cloud-init says that the first boot did not go well'
lacks() {
  for name in ${packages.join(' ')}; do
    case $(dpkg-query --show --showformat='\${db:Status-Status}' "$name" 2>/dev/null || true) in
      installed) ;;
      *) printf ' %s' "$name" ;;
    esac
  done
}
missing=$(lacks)
if test -n "$missing"; then
  echo "oven: the first boot left out$missing: installing"
  export DEBIAN_FRONTEND=noninteractive
  for pause in \${OVEN_APT_PAUSES:-0 10 30 60}; do
    sleep "$pause"
    dpkg --configure -a >&2 || true
    apt-get -q -o DPkg::Lock::Timeout=120 update >&2 || true
    # shellcheck disable=SC2086 # a list of names
    if apt-get -q -y -o DPkg::Lock::Timeout=120 --no-install-recommends install $missing >&2; then break; fi
    echo 'oven: that did not work; trying again'
  done
  missing=$(lacks)
  if test -n "$missing"; then echo "oven: can't be installed:$missing" >&2; exit 1; fi
  echo 'oven: all packages are installed now'
fi
if ! id oven >/dev/null 2>&1 || ! test -f ${SSHD_FILE}; then
  echo 'oven: the first boot left the host without its user or files:' >&2
  cloud-init status --long >&2
  exit 1
fi`;
}

/** Writes a secret for the activation. It is used after a candidate with it is healthy. */
function stage(secret: Secret): string {
  return installInput(`${INCOMING}/${secret}`, { isSecret: true });
}

/**
 * Writes the standard input to a file, whole or not at all, and prints a text that changes with it. `access` is a command that decides who may
 * read the file.
 */
export function installInput(
  file: string,
  { isSecret = false, access }: { readonly isSecret?: boolean; readonly access?: string },
): string {
  const partial = `${file}.partial`;
  const lines = [
    'set -eu',
    isSecret ? 'umask 077' : '',
    `cat >${partial}`,
    `test -s ${partial}`,
    access === undefined ? '' : `${access} ${partial}`,
    `mv -f ${partial} ${file}`,
    `sha256sum <${file} | cut -c 1-16`,
  ];
  return lines.filter(Boolean).join('\n');
}

/** Runs oven-activate from the unpacked release, or from its archive when it is not unpacked yet. */
function activate(hash: string): string {
  const unpacked = `${OVEN}/releases/${hash}/host/sbin/oven-activate`;
  const script = `${INCOMING}/activate-${hash}`;
  return `set -eu
script=${unpacked}
if ! test -x "$script"; then
  script=${script}
  tar --zstd --occurrence=1 -xOf ${archiveOf(hash)} host/sbin/oven-activate >"$script"
fi
exec bash "$script" ${hash}`;
}

function handover(): string {
  return `exec ${OVEN}/current/host/sbin/oven-handover take`;
}

function drain(seconds: number): string {
  return `set -eu
if test -x ${OVEN}/current/host/sbin/oven-drain; then exec ${OVEN}/current/host/sbin/oven-drain ${seconds}; fi`;
}

function drainAll(seconds: number): string {
  return `set -eu
if test -x ${OVEN}/current/host/sbin/oven-queue && grep -q '^REDIS_URL=' /etc/oven/oven.env; then
  exec ${OVEN}/current/host/sbin/oven-drain ${seconds} all
fi`;
}

function moveQueue(how: 'give' | 'take'): string {
  return `set -eu
if test -x ${OVEN}/current/host/sbin/oven-queue; then exec ${OVEN}/current/host/sbin/oven-queue ${how}; fi`;
}

/** Installs the certificate of the queue host's authority, which the service may read. */
function installAuthority(): string {
  return installInput(QUEUE_AUTHORITY, { access: 'chmod 0644' });
}
