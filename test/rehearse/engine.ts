import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { ROOT } from '../deploy/trees.ts';
import { until } from '../rig/until.ts';
import type { Namespace } from '../twin/net/namespace.ts';
import { begunIn, type Outcome, readEvents } from './events.ts';
import { killTree } from './kill.ts';
import type { Tools } from './tools.ts';

/** How an operation on the stack ended. */
export interface Ended extends Outcome {
  readonly exitCode: number;
  /** All that the operator saw. */
  readonly output: string;
}

/** An operation that is under way. */
export interface Operating {
  readonly ended: Promise<Ended>;
  /** Resolves when the engine has begun with this resource; throws when it ended without. */
  begun(what: string): Promise<void>;
  /** Ctrl-C: SIGINT to the whole group of processes, as a terminal sends it. */
  interrupt(): void;
  /** SIGKILL to all of them, as a machine that goes away does. */
  kill(): void;
}

/** The real engine with a stack of its own. */
export interface Engine {
  start(what: 'up' | 'destroy' | 'refresh', ...args: readonly string[]): Operating;
  up(...args: readonly string[]): Promise<Ended>;
  destroy(): Promise<Ended>;
  /** Sets values; a secret is kept encrypted. */
  set(values: Readonly<Record<string, string>>, secrets?: Readonly<Record<string, string>>): Promise<void>;
  /** An output of the stack, also a secret one; undefined where there is none. */
  output(name: string): Promise<string | undefined>;
  /** Runs any other command of the CLI. */
  run(...args: readonly string[]): Promise<string>;
  /** What `npm run leftovers` says. */
  leftovers(): Promise<string>;
  /** Ends what is under way, at once. */
  close(): Promise<void>;
}

export interface EngineOptions {
  /** The network namespace it runs in. */
  readonly at: Namespace;
  /** For the state, the engine's own files and its logs. */
  readonly folder: string;
  /** Where the program is. */
  readonly program: string;
  readonly tools: Tools;
  /** Folders to look for programs in before all others. */
  readonly path?: readonly string[];
}

const STACK = 'rehearsal';

/** Makes an empty stack. All that the engine writes is in `folder` and `program`. */
export async function openEngine({ at, folder, program, tools, path = [] }: EngineOptions): Promise<Engine> {
  const [home, state] = [join(folder, 'home'), join(folder, 'state')];
  await mkdir(home, { recursive: true });
  await mkdir(state);
  if (tools.plugins !== undefined) await symlink(tools.plugins, join(home, 'plugins'));
  const env = {
    PATH: [...path, ...tools.path, process.env.PATH].join(':'),
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_CONFIG_PASSPHRASE: 'rehearsal',
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    // Brings the option for the log of events, as for Pulumi's own automation.
    PULUMI_DEBUG_COMMANDS: 'true',
  };
  const how = { cwd: program, env, stdin: 'ignore' } as const;
  const within = (args: readonly string[]) => ['netns', 'exec', at.name, 'pulumi', ...args];
  const run: Engine['run'] = async (...args) => {
    const all = ['--non-interactive', '--color', 'never', ...args];
    return (await execa('ip', within(all), how)).stdout;
  };
  let count = 0;
  const running = new Map<number, Promise<unknown>>();
  const start: Engine['start'] = (what, ...args) => {
    const log = join(folder, `events-${count++}-${what}.json`);
    const always = ['--yes', '--skip-preview', '--non-interactive', '--color', 'never', '--stack', STACK];
    const child = execa('ip', within([what, ...always, '--suppress-progress', '--event-log', log, ...args]), {
      ...how,
      // A group of processes of its own, which is what a terminal's Ctrl-C goes to.
      ...({ detached: true, all: true, reject: false, maxBuffer: 50_000_000 } as const),
    });
    const pid = child.pid!;
    running.set(pid, child);
    const read = () => readFile(log, 'utf8').catch(() => '');
    let over = false;
    const ended = child.then(async ({ exitCode = 1, all }): Promise<Ended> => {
      over = true;
      running.delete(pid);
      const outcome = readEvents(await read());
      // An engine that did not come as far as events said what is wrong all the same.
      const last = all.split('\n').filter((line) => line.trim() !== '');
      const isMute = exitCode !== 0 && outcome.said.length === 0;
      return { ...outcome, ...(isMute ? { said: last.slice(-10) } : {}), exitCode, output: all };
    });
    return {
      ended,
      begun: async (name) => {
        const seen = async () => over || begunIn(await read()).includes(name);
        await until(`the engine begins with ${name}`, seen, 600);
        if (!begunIn(await read()).includes(name)) throw new Error(`the engine never began with ${name}`);
      },
      interrupt: () => void process.kill(-pid, 'SIGINT'),
      kill: () => killTree(pid),
    };
  };
  await run('stack', 'init', STACK, '--secrets-provider', 'passphrase');
  return {
    start,
    run,
    up: (...args) => start('up', ...args).ended,
    destroy: () => start('destroy').ended,
    set: async (values, secrets = {}) => {
      const list = (all: Readonly<Record<string, string>>, flag: string) =>
        Object.entries(all).flatMap(([key, value]) => [flag, `${key}=${value}`]);
      const all = [...list(values, '--plaintext'), ...list(secrets, '--secret')];
      await run('config', 'set-all', '--stack', STACK, '--path', ...all);
    },
    output: async (name) => {
      const text = await run('stack', 'output', '--json', '--show-secrets', '--stack', STACK);
      const value = (JSON.parse(text) as Record<string, unknown>)[name];
      return value === undefined ? undefined : String(value);
    },
    leftovers: async () => {
      const script = join(ROOT, 'scripts/leftovers.ts');
      const how = { cwd: program, env, stdin: 'ignore', reject: false, all: true } as const;
      const node = ['netns', 'exec', at.name, process.execPath, script, '--stack', STACK];
      return (await execa('ip', node, how)).all;
    },
    close: async () => {
      for (const [pid, ended] of running) {
        killTree(pid);
        await ended;
      }
    },
  };
}
