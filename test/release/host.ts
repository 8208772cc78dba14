import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { packPart } from '../../infra/release/archive.ts';
import { releaseSteps } from '../../infra/release/commands.ts';
import { byPath, ownFiles, type ReleaseFile } from '../../infra/release/tree.ts';
import { memoryFolder } from '../rig/memory-folder.ts';

const ROOT = join(import.meta.dirname, '../..');
const SITE = { domain: 'oven.test', proxied: true, trustedProxies: ['192.0.2.0/24'] };

/** How a release behaves on the host that is played; `test/release/fakes` acts it. */
export type Behaviour =
  | 'healthy'
  | 'does not start'
  | 'ends'
  | 'hangs'
  | 'unhealthy'
  | 'is another'
  | 'does not answer when it serves'
  | 'crashes when it serves'
  | 'cut off'
  | 'hung up';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A name for a release, as good as a hash: one digit, sixteen times. */
export const named = (digit: number) => digit.toString(16).repeat(16);

/** A host's files in a folder, with stand-ins for systemd and curl, on which the real scripts run. */
export class PlayedHost {
  readonly root = mkdtempSync(join(memoryFolder, 'oven-host-'));
  readonly #fake = join(this.root, 'fake');
  readonly #own: readonly ReleaseFile[];

  private constructor(own: readonly ReleaseFile[]) {
    this.#own = own;
    const folders = [
      'fake/behaviour',
      'run',
      'var/log/oven',
      'etc/oven',
      'opt/oven/incoming',
      'opt/oven/releases',
    ];
    for (const folder of folders) mkdirSync(join(this.root, folder), { recursive: true });
  }

  /** Oven's own files, which are read once for each kind of host. */
  static readonly #files = new Map<boolean, Promise<readonly ReleaseFile[]>>();

  /** `balanced`: one of several hosts behind a load balancer. */
  static async boot({ balanced = false } = {}): Promise<PlayedHost> {
    const files = PlayedHost.#files.get(balanced) ?? ownFiles(ROOT, { ...SITE, balanced });
    PlayedHost.#files.set(balanced, files);
    return new PlayedHost(await files);
  }

  /** Has a release's archive come in, as small as can be: Oven's own files, changed as the test likes. */
  async upload(
    hash: string,
    behaviour: Behaviour,
    change: (files: ReleaseFile[]) => ReleaseFile[] = (files) => files,
  ): Promise<void> {
    this.behave(hash, behaviour);
    const mark = { path: 'RELEASE', content: Buffer.from(`${hash}\n`), executable: false };
    const files = change([...this.#own, mark].sort(byPath));
    this.write(`opt/oven/incoming/oven-${hash}.tar.zst`, await packPart(files, { end: true, level: 1 }));
  }

  behave(hash: string, behaviour: Behaviour): void {
    this.write(`fake/behaviour/${hash}`, behaviour);
  }

  /** Runs the text of a step as ssh would. */
  step(name: string, hash: string, input = '', before = ''): Outcome {
    const steps = releaseSteps({ hash, file: 'unused', certificate: true });
    const step = steps.find((each) => each.name === name);
    if (step?.kind !== 'command') throw new Error(`no step ${name}`);
    const text = step.create
      .replaceAll('/opt/oven', `${this.root}/opt/oven`)
      .replaceAll('/etc/ssh', `${this.root}/etc/ssh`);
    return this.run(before + text, input);
  }

  activate(hash: string, environment = 'A="1"\n'): Outcome {
    const staged = this.step('environment', hash, environment);
    if (staged.code !== 0) throw new Error(staged.stderr);
    return this.step('activate', hash);
  }

  rollback(...args: string[]): Outcome {
    return this.run(`exec '${this.root}/opt/oven/current/host/sbin/oven-rollback' ${args.join(' ')}`);
  }

  run(script: string, input = ''): Outcome {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', script], {
      encoding: 'utf8',
      input,
      timeout: 30_000,
      env: {
        PATH: `${import.meta.dirname}/fakes:${process.env.PATH}`,
        HOME: this.root,
        OVEN_ROOT: this.root,
        FAKE: this.#fake,
        OVEN_CANDIDATE_SECONDS: '1',
        OVEN_HEALTH_SECONDS: '1',
        OVEN_LOCK_SECONDS: '0',
        OVEN_NOTICE_SECONDS: '7',
      },
    });
    return { code: status, stdout, stderr };
  }

  /** Which release serves, with what environment; undefined when none does. */
  get serves(): { release: string; environment: string } | undefined {
    const release = this.read('fake/running')?.trim();
    return release === undefined ? undefined : { release, environment: this.read('fake/running.env') ?? '' };
  }

  /** What was asked of the machine since the last time this was asked. */
  calls(): string[] {
    const calls = this.read('fake/calls')?.trim().split('\n') ?? [];
    rmSync(join(this.#fake, 'calls'), { force: true });
    return calls;
  }

  read(path: string): string | undefined {
    const file = join(this.root, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  write(path: string, content: string | Buffer): void {
    mkdirSync(join(this.root, path, '..'), { recursive: true });
    writeFileSync(join(this.root, path), content);
  }

  remove(path: string): void {
    rmSync(join(this.root, path));
  }

  list(path: string): string[] {
    return readdirSync(join(this.root, path)).sort();
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true });
  }
}
