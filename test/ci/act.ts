import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { execa } from 'execa';
import { type Found, findGoProgram } from '../rig/go.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const ACT = { path: 'github.com/nektos/act', version: '0.2.89', minor: 24 } as const;

/** Runs GitHub's workflows on this machine; built once, which takes a minute. */
export async function findAct(): Promise<Found> {
  return findGoProgram(ACT);
}

/** What an event of GitHub's brings, and what the programs of the steps do. */
export interface Scenario {
  readonly event: 'pull_request' | 'push' | 'schedule' | 'workflow_dispatch';
  readonly workflow: string;
  readonly payload?: object;
  readonly branch?: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** A shell pattern of the command line whose program exits 1. */
  readonly failing?: string;
  /** Outputs that the step `preview.ts` hands on. */
  readonly outputs?: Readonly<Record<string, string>>;
}

/** A program that a step ran. */
export interface Call {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The variables of a step that the tests ask about. */
const WATCHED = ['OUTCOME', 'BODY', 'NUMBER', 'COMMIT', 'SSH_NETWORK', 'UP_OUTCOME', 'CALLER'];

/**
 * Carries out a workflow with act, in its host mode, and gives the programs that its steps ran, in order. Actions of others are
 * exchanged for one that does nothing, and Node, npm, Pulumi and sudo for one that notes how it was called: what is tried are conditions,
 * expressions, the order of jobs and what they hand on. `deployment: false` is taken out, which act does not know yet.
 */
export async function runWorkflow(act: string, scenario: Scenario): Promise<{ calls: Call[]; log: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'oven-act-'));
  try {
    const repository = join(folder, 'repository');
    await prepare(folder, repository, scenario);
    const { all } = await execa(act, await argumentsFor(folder, repository, scenario), {
      cwd: repository,
      all: true,
      reject: false,
      extendEnv: false,
      env: {
        PATH: [join(folder, 'bin'), '/usr/bin', '/bin'].join(delimiter),
        HOME: folder,
        XDG_CACHE_HOME: join(folder, 'cache'),
      },
      timeout: 50_000,
    });
    const record = await readFile(join(folder, 'record'), 'utf8').catch(() => '');
    return { calls: record.split('\n').filter(Boolean).map(parseCall), log: all };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function parseCall(line: string): Call {
  const [command = '', ...values] = line.split('\t');
  return { command, env: Object.fromEntries(WATCHED.map((name, index) => [name, values[index] ?? ''])) };
}

async function prepare(folder: string, repository: string, scenario: Scenario): Promise<void> {
  await cp(join(ROOT, '.github'), join(repository, '.github'), { recursive: true });
  const file = join(repository, '.github/workflows', scenario.workflow);
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(/^ +deployment: false\n/m, ''));
  await mkdir(join(repository, '.ci'));
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'noop'));
  await writeFile(
    join(folder, 'noop/action.yml'),
    "name: noop\nruns:\n  using: composite\n  steps:\n    - run: 'true'\n      shell: bash\n",
  );
  await writeFile(join(folder, 'event.json'), JSON.stringify(payloadOf(scenario)));
  const programs = ['node', 'npm', 'pulumi', 'sudo'].map((name) => join(folder, 'bin', name));
  for (const program of [...programs, join(repository, '.ci/run')]) {
    await writeFile(program, noter(folder, scenario));
    await chmod(program, 0o755);
  }
  const git = (...args: string[]) => execa('git', args, { cwd: repository });
  await git('init', '--quiet', `--initial-branch=${scenario.branch ?? 'main'}`);
  await git('remote', 'add', 'origin', 'https://github.com/o/r.git');
  await git('add', '--all');
  await git('-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '--quiet', '--message=all');
}

/** A program that notes its name, arguments and variables, on one line, and does what the scenario says. */
function noter(folder: string, { failing, outputs = {} }: Scenario): string {
  const handOn = Object.entries(outputs).map(
    ([name, value]) => `echo '${name}=${value}' >> "$GITHUB_OUTPUT"`,
  );
  return [
    '#!/bin/sh',
    'call="$(basename "$0") $*"',
    `printf '%s' "$call" >> '${folder}/record'`,
    ...WATCHED.map((name) => `printf '\\t%s' "$${name}" >> '${folder}/record'`),
    `echo >> '${folder}/record'`,
    ...(handOn.length === 0 ? [] : [`case "$call" in *preview.ts*) ${handOn.join('; ')} ;; esac`]),
    ...(failing === undefined ? [] : [`case "$call" in ${failing}) exit 1 ;; esac`]),
    'exit 0',
    '',
  ].join('\n');
}

function payloadOf({ payload, branch = 'main' }: Scenario): object {
  const repository = { full_name: 'o/r', name: 'r', owner: { login: 'o' } };
  return { repository, ref: `refs/heads/${branch}`, ...payload };
}

async function argumentsFor(folder: string, repository: string, scenario: Scenario): Promise<string[]> {
  const { event, workflow, variables = {} } = scenario;
  const grep = ['-rhoE', 'uses: [A-Za-z-]+/[A-Za-z-]+@[0-9a-f]{40}', '.github'];
  const { stdout } = await execa('grep', grep, { cwd: repository });
  const actions = new Set(stdout.split('\n').map((line) => line.replace('uses: ', '')));
  return [
    event,
    `--workflows=.github/workflows/${workflow}`,
    `--eventpath=${join(folder, 'event.json')}`,
    '--platform=ubuntu-24.04=-self-hosted',
    '--container-daemon-socket=-',
    '--concurrent-jobs=1',
    ...Object.entries(variables).map(([name, value]) => `--var=${name}=${value}`),
    ...[...actions].map((action) => `--local-repository=${action}=${join(folder, 'noop')}`),
  ];
}
