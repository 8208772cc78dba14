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
    command('prepare', { create: prepare() }),
    { kind: 'upload', name: 'upload', from: options.file, to: archiveOf(options.hash) },
    ...secrets.map((secret) => command(secret, { create: stage(secret), stdin: secret })),
    command('activate', { create: activate(options.hash), triggeredBy: secrets }),
    ...(options.handover ? [command('handover', { create: handover(), stdin: 'handover' })] : []),
    command('drain', { create: ':', delete: drain(options.drainSeconds ?? 900) }),
  ];
}

/** What the step `handover` is fed: where the host is whose queue is taken over, its host key, and the key that may ask for that alone. */
export function handoverInput(from: { address: string; hostPublicKey: string; privateKey: string }): string {
  return `${from.address}\n${from.hostPublicKey.trim()}\n${from.privateKey.trim()}\n`;
}

/** Where a host keeps a release's archive until it is activated. */
function archiveOf(hash: string): string {
  return `${INCOMING}/oven-${hash}.tar.zst`;
}

function command(name: CommandStep['name'], step: Partial<CommandStep> & { create: string }): CommandStep {
  return { kind: 'command', name, triggeredBy: [], ...step };
}

/** A fresh host may still be installing its packages; cloud-init tells the outcome, of which 2 is done with warnings. */
function prepare(): string {
  return `set -eu
code=0
cloud-init status --wait >/dev/null || code=$?
if test "$code" = 1; then cloud-init status --long >&2; exit 1; fi
install -d -m 0755 ${OVEN} ${OVEN}/releases
install -d -m 0700 ${INCOMING}`;
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
