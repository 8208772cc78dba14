import { PACKAGES, SSHD_FILE } from '../../cloud-init/user-data.ts';
import { INCOMING, OVEN } from '../host/paths.ts';

/** What is fed to a step's standard input, since it is secret. */
export type Secret = 'environment' | 'certificate' | 'handover';

/**
 * One step of a release, to be run as root on the host. `create` runs the first time and, as there is no other text for it, whenever the
 * text or the input changes; `delete` when the host goes. None holds a secret, since a failing command is shown whole.
 */
export interface CommandStep {
  readonly kind: 'command';
  readonly name: 'prepare' | 'environment' | 'certificate' | 'activate' | 'handover' | 'drain';
  readonly create: string;
  readonly delete?: string;
  readonly stdin?: Secret;
  /** Steps whose output, when it changes, makes this one run again. A changed host makes all of them. */
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
  /** The release's name and its archive on this machine, as `buildRelease` gives them. */
  readonly hash: string;
  readonly file: string;
  /** Whether the host gets an origin certificate (it is proxied), or gets one itself. */
  readonly certificate: boolean;
  /**
   * Whether the host takes over the queue of the one that has the address now; `handoverInput` says from whom. To be done before the
   * address moves.
   */
  readonly handover?: boolean;
  /** How long a host that is destroyed waits for tapes and callbacks; 15 minutes. */
  readonly drainSeconds?: number;
}

/**
 * The steps that bring a release onto a host, to be run one after the other; deletions in reverse. Each of them run a second time changes
 * nothing. They must reach the host by its own address, since `drain` is to stop the host that goes and not the one that took over.
 */
export function releaseSteps(options: StepOptions): readonly ReleaseStep[] {
  if (!/^[0-9a-f]{16}$/.test(options.hash)) throw new TypeError(`not a release's hash: ${options.hash}`);
  const secrets: Secret[] = options.certificate ? ['environment', 'certificate'] : ['environment'];
  return [
    command('prepare', { create: prepare(options.hash) }),
    { kind: 'upload', name: 'upload', from: options.file, to: archiveOf(options.hash) },
    ...secrets.map((secret) => command(secret, { create: stage(secret), stdin: secret })),
    command('activate', { create: activate(options.hash), triggeredBy: secrets }),
    ...(options.handover ? [command('handover', { create: handover(), stdin: 'handover' })] : []),
    command('drain', { create: ':', delete: drain(options.drainSeconds ?? 900) }),
  ];
}

/** Where a queue is taken over from. */
export interface HandoverFrom {
  readonly address: string;
  readonly hostPublicKey: string;
  /** It may ask for the hand-over and nothing else. */
  readonly privateKey: string;
  /** The id of the droplet that is known to be there; without one, that nobody answers means that there is nobody. */
  readonly predecessor?: string | undefined;
}

/** What the step `handover` is fed: a line `ADDRESS [DROPLET]`, one with the host key, and the private key. */
export function handoverInput({ address, hostPublicKey, privateKey, predecessor }: HandoverFrom): string {
  const from = predecessor === undefined ? address : `${address} ${predecessor}`;
  return `${from}\n${hostPublicKey.trim()}\n${privateKey.trim()}\n`;
}

/** Where a host keeps a release's archive until it is activated. */
function archiveOf(hash: string): string {
  return `${INCOMING}/oven-${hash}.tar.zst`;
}

function command(name: CommandStep['name'], step: Partial<CommandStep> & { create: string }): CommandStep {
  return { kind: 'command', name, triggeredBy: [], ...step };
}

/**
 * Mebibytes that have to be free before a release is brought: what the service wants to stay free (MIN_FREE_MB), and twice what
 * an archive and what is in it take.
 */
const MIN_FREE_MB = 1536;

/**
 * A fresh host may still be installing its packages. cloud-init tries that once, and what it could not get (apt's lock was taken, a mirror
 * was away) would be missing for ever: it is made up for here, and only what else of the first boot is missing is final. On a host without
 * room, an archive would take the last of the disk, and Redis could note nothing more.
 */
function prepare(hash: string): string {
  return `set -eu
cloud-init status --wait >/dev/null || echo 'oven: cloud-init says that the first boot did not go well'
lacks() {
  for name in ${PACKAGES.join(' ')}; do
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
fi
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

/** Lays a secret where the activation finds it, whole or not at all; it is used only once a candidate has proved itself with it. */
function stage(secret: Secret): string {
  const file = `${INCOMING}/${secret}`;
  return `set -eu
umask 077
cat >${file}.partial
test -s ${file}.partial
mv -f ${file}.partial ${file}
sha256sum <${file} | cut -c 1-16`;
}

/** The script comes out of the archive; once unpacked, out of the release, so the archive may be gone. */
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
