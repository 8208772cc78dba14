import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import { TARGETS } from '../fuzz/targets.ts';
import { findGoProgram } from '../rig/go.ts';
import { findPythonProgram } from '../rig/python.ts';

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}
interface Job {
  readonly uses?: string;
  readonly if?: string;
  readonly needs?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string | { readonly name: string; readonly deployment: boolean };
  readonly 'timeout-minutes'?: number;
  readonly env?: object;
  readonly steps?: readonly Step[];
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: object;
  readonly env?: Readonly<Record<string, string>>;
  readonly concurrency?: { readonly group: string; readonly 'cancel-in-progress': boolean };
  readonly jobs: Readonly<Record<string, Job>>;
}

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDER = join(ROOT, '.github/workflows');
const sources = readdirSync(FOLDER).map((file) => ({ file, text: readFileSync(join(FOLDER, file), 'utf8') }));
const workflows = Object.fromEntries(sources.map(({ file, text }) => [file, parse(text) as Workflow]));
const ACTION = '.github/actions/pulumi/action.yml';
const action = parse(readFileSync(join(ROOT, ACTION), 'utf8')) as { runs: { steps: Step[] } };
const texts = [...sources, { file: ACTION, text: readFileSync(join(ROOT, ACTION), 'utf8') }];
const jobs = Object.entries(workflows).flatMap(([file, { jobs }]) =>
  Object.entries(jobs).map(([name, job]) => ({ file, name, job })),
);
const steps = [
  ...jobs.flatMap(({ file, name, job }) =>
    (job.steps ?? []).map((step) => ({ where: `${file} ${name}`, step })),
  ),
  ...action.runs.steps.map((step) => ({ where: ACTION, step })),
];
const job = (file: string, name: string): Job => workflows[file]?.jobs[name] ?? {};
const expression = (text: string) => `\${{ ${text} }}`;
const secretsOf = (step: Step) => Object.values(step.env ?? {}).filter((value) => value.includes('secrets.'));

test('There are seven workflows', () => {
  const files = [
    'audit.yml',
    'deploy.yml',
    'drift.yml',
    'endure.yml',
    'preview.yml',
    'rehearse.yml',
    'test.yml',
  ];
  expect(Object.keys(workflows).sort()).toEqual(files);
});

test('The rehearsal has no secret, and runs as root, which its hosts need', () => {
  const { environment, steps: own } = job('rehearse.yml', 'rehearse');
  expect(environment).toBeUndefined();
  // A shell named so ends a pipe with the status of what failed in it.
  expect(own?.at(-1)).toMatchObject({
    run: expect.stringMatching(/^sudo .*npm run rehearse \|/),
    shell: 'bash',
  });
});

describe('the nightly job', () => {
  const endure = job('endure.yml', 'endure') as Job & {
    readonly strategy: { readonly matrix: { readonly include: { name: string; command: string }[] } };
  };
  const { include } = endure.strategy.matrix;

  test('The nightly job fuzzes, tries the API and soaks, each for minutes that its time limit holds', () => {
    expect(include.map(({ name }) => name)).toEqual(['fuzz', 'api', 'soak']);
    for (const { command } of include) {
      const [, script = ''] = /npm run (\S+)/.exec(command) ?? [];
      expect(Object.keys(packageJson.scripts)).toContain(script);
    }
    const seconds = Number(/--seconds (\d+)$/.exec(include[0]!.command)?.[1]);
    const minutes = Number(/--minutes (\d+)$/.exec(include[2]!.command)?.[1]);
    const limit = endure['timeout-minutes']!;
    // Half of the time is for what is installed, and for the last tapes.
    expect((Object.keys(TARGETS).length * seconds) / 60).toBeLessThan(limit * 0.6);
    expect(minutes).toBeLessThan(limit / 2);
    expect(workflows['endure.yml']?.on).toHaveProperty('schedule');
  });

  test('The nightly job has no secret, ends with the status of its command, and keeps what it found', () => {
    expect(JSON.stringify(endure)).not.toContain('secrets.');
    const run = endure.steps?.find(({ run }) => run?.includes('tee'));
    expect(run).toMatchObject({ shell: 'bash', env: { COMMAND: expression('matrix.command') } });
    const kept = endure.steps?.at(-1);
    expect(kept).toMatchObject({ if: 'failure()', with: { path: expect.stringContaining('.cache/fuzz') } });
    expect(kept?.with?.path).toContain('.cache/soak.log');
  });
});

describe.each(Object.entries(workflows))('%s', (_file, workflow) => {
  test('A workflow has no permission but those of its jobs', () => {
    expect(workflow.permissions).toEqual({});
  });

  test('A workflow never runs a stranger’s code with this repository’s rights', () => {
    for (const event of ['pull_request_target', 'workflow_run', 'issue_comment'])
      expect(workflow.on).not.toHaveProperty(event);
  });

  test('A workflow has no secret for all of its steps', () => {
    expect(JSON.stringify(workflow.env ?? {})).not.toContain('secrets.');
  });
});

describe.each(texts)('$file', ({ text }) => {
  const uses = text.split('\n').filter((line) => /^\s*(- )?uses:/.test(line));

  test('A workflow pins every action by its commit and names the version', () => {
    for (const line of uses.filter((one) => !one.includes('uses: ./')))
      expect(line).toMatch(/uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });
});

test('An action is pinned to one commit everywhere', () => {
  const all = steps
    .flatMap(({ step }) => step.uses?.split('@') ?? [])
    .filter((part) => !part.startsWith('./'));
  const pins = new Map<string, Set<string>>();
  for (let i = 0; i < all.length; i += 2)
    pins.set(all[i]!, (pins.get(all[i]!) ?? new Set()).add(all[i + 1]!));
  expect([...pins.values()].every((commits) => commits.size === 1)).toBe(true);
  expect(pins.size).toBeGreaterThan(3);
});

describe.each(jobs)('$file $name', ({ job }) => {
  test('A job has a time limit and its permissions', () => {
    expect(job.permissions).toBeDefined();
    if (job.uses === undefined) expect(job['timeout-minutes']).toBeLessThanOrEqual(90);
  });

  test('A job gives secrets only to steps with its own scripts or Pulumi, in an environment', () => {
    expect(JSON.stringify(job.env ?? {})).not.toContain('secrets.');
    const trusted = (job.steps ?? []).filter((step) => secretsOf(step).length > 0);
    for (const step of trusted) {
      expect(step.uses).toBeUndefined();
      expect(step.run).toMatch(/^(exec )?(node scripts\/ci\/[\w-]+\.ts|pulumi up )/);
    }
    if (trusted.length > 0) expect(job.environment).toBeDefined();
    // What can write to the repository has no secret, and the other way round.
    if (Object.values(job.permissions ?? {}).includes('write')) expect(trusted).toEqual([]);
  });
});

const scripts = steps.filter(({ step }) => step.run !== undefined);
test.each(scripts)(
  'a script of $where is short and has no expression, whose value would be code: $step.run',
  ({ step }) => {
    expect(step.run).not.toContain('${{');
    expect(step.run?.trim().split('\n').length).toBeLessThanOrEqual(4);
  },
);

const checkouts = steps.filter(({ step }) => step.uses?.startsWith('actions/checkout@'));
test.each(checkouts)('A checkout of $where leaves no token behind', ({ step }) => {
  expect(step.with).toEqual({ 'persist-credentials': false });
});

const caches = steps.filter(
  ({ step }) => step.uses?.startsWith('actions/cache@') || step.with?.cache === 'npm',
);
test('Only the tests use caches, and no job with secrets', () => {
  expect(new Set(caches.map(({ where }) => where))).toEqual(new Set(['test.yml test']));
});

describe('a deployment', () => {
  const up = job('deploy.yml', 'up');
  const names = (up.steps ?? []).map((step) => step.id ?? step.run ?? step.uses);
  const close = up.steps?.at(-1);

  test('A deployment runs after the tests, from main, in its environment, one at a time', () => {
    expect(workflows['deploy.yml']?.concurrency).toEqual({
      group: `deploy-${expression('github.ref')}`,
      'cancel-in-progress': false,
    });
    expect(job('deploy.yml', 'test').uses).toBe('./.github/workflows/test.yml');
    expect(up.needs).toBe('test');
    expect(up.if).toContain("github.ref == 'refs/heads/main'");
    expect(up.environment).toBe('production');
  });

  test('A deployment opens SSH, updates and closes SSH, always in that order', () => {
    expect(names.slice(-3)).toEqual(['ssh', 'up', 'exec node scripts/ci/close-ssh.ts']);
    expect(close?.if).toBe('always()');
    expect(close?.env).toMatchObject({
      SSH_NETWORK: expression('steps.ssh.outputs.network'),
      UP_OUTCOME: expression('steps.up.outcome'),
    });
  });

  test('A deployment gets the signal of a cancellation itself, and leaves time to close SSH', () => {
    const [bring] = (up.steps ?? []).filter(({ id }) => id === 'up') as (Step & {
      'timeout-minutes': number;
    })[];
    expect(bring?.run).toMatch(/^exec pulumi up /);
    expect(up['timeout-minutes']! - bring!['timeout-minutes']).toBeGreaterThanOrEqual(15);
  });
});

describe('a look', () => {
  const looks = [
    ['preview', job('preview.yml', 'preview')],
    ['drift', job('drift.yml', 'look')],
  ] as const;

  test('A preview has the same names of secrets as the update, in an environment of its own', () => {
    const update = job('deploy.yml', 'up').steps?.find(({ id }) => id === 'up')?.env ?? {};
    const secrets = Object.fromEntries(
      Object.entries(update).filter(([, value]) => value.includes('secrets.')),
    );
    expect(Object.keys(secrets)).toHaveLength(8);
    for (const [name, { environment, steps: own }] of looks) {
      expect(environment).toEqual({ name, deployment: false });
      expect(own?.at(-1)?.env).toMatchObject(secrets);
    }
  });

  test.each([
    ['deploy.yml', 'push'],
    ['drift.yml', 'schedule'],
  ])('A run of another branch does not replace a waiting run of main: %s', (file, event) => {
    expect(workflows[file]?.on).toHaveProperty(event);
    expect(workflows[file]?.on).toHaveProperty('workflow_dispatch');
    expect(workflows[file]?.concurrency?.group).toContain(expression('github.ref'));
  });

  test.each([
    ['preview.yml', 'comment', 'preview'],
    ['drift.yml', 'issue', 'look'],
  ])('The workflow %s publishes after every preview, with an outcome or without', (file, name, needed) => {
    const publish = job(file, name);
    expect(publish.needs).toBe(needed);
    const ran = ['success', 'failure'].map((result) => `needs.${needed}.result == '${result}'`).join(' || ');
    expect(publish.if).toBe(expression(`!cancelled() && (${ran})`));
    expect(publish.steps?.at(-1)?.env?.OUTCOME).toBe(expression(`needs.${needed}.outputs.outcome`));
  });

  test('A preview of a pull request runs when there are secrets, and is otherwise skipped with a message', () => {
    expect(workflows['preview.yml']?.on).toEqual({ pull_request: null });
    expect(workflows['preview.yml']?.concurrency).toEqual({
      group: `preview-${expression('github.event.pull_request.number')}`,
      'cancel-in-progress': true,
    });
    const conditions = (name: string) => job('preview.yml', name).if?.split(/ (?:&&|\|\|) /) ?? [];
    const opposite = (condition: string) =>
      condition.replace(/==|!=/, (operator) => (operator === '==' ? '!=' : '=='));
    expect(conditions('skipped')).toHaveLength(3);
    expect(conditions('skipped').map(opposite)).toEqual(conditions('preview'));
  });
});

test('The tests run as an ordinary user and as root, and both must pass before a deployment', () => {
  const { strategy, steps: own } = job('test.yml', 'test') as Job & {
    strategy: { matrix: { include: object[] } };
  };
  expect(strategy.matrix.include).toEqual([
    { name: '.ci/run', user: 'runner' },
    { name: '.ci/run as root', user: 'root' },
  ]);
  const run = own?.find((step) => step.run?.includes('.ci/run'));
  expect(run?.env).toEqual({ RUN_AS: expression('matrix.user') });
});

test('A pull request of this repository or of a fork is tested once', () => {
  expect(Object.keys(workflows['test.yml']?.on ?? {})).toEqual([
    'pull_request',
    'workflow_call',
    'workflow_dispatch',
  ]);
});

test("Pulumi's CLI is checked before a step has secrets", () => {
  expect(action.runs.steps.at(-1)?.run).toBe('node scripts/ci/check-cli.ts');
  for (const file of ['deploy.yml', 'drift.yml', 'preview.yml'])
    expect(workflows[file]?.env?.PULUMI_CLI_SHA256).toBe(expression('vars.PULUMI_CLI_SHA256'));
});

test("Pulumi's CLI is as new as its library", () => {
  const cli = action.runs.steps.find(({ uses }) => uses?.startsWith('pulumi/actions@'));
  expect(cli?.with).toEqual({ 'pulumi-version': packageJson.devDependencies['@pulumi/pulumi'] });
});

const actionlint = await findGoProgram({
  path: 'github.com/rhysd/actionlint/cmd/actionlint',
  version: '1.7.12',
  minor: 24,
});
const zizmor = await findPythonProgram('zizmor', '1.32.0');

describe.each([
  ['actionlint', actionlint, ['-no-color']],
  [
    'zizmor',
    zizmor,
    ['--offline', '--persona', 'auditor', '--strict-collection', '--color', 'never', '.github'],
  ],
] as const)('%s', (name, found, args) => {
  const gap = 'gap' in found ? ` (skipped: ${found.gap})` : '';

  test.skipIf('gap' in found)(`finds nothing${gap}`, async () => {
    const program = 'program' in found ? found.program : name;
    const { all, exitCode } = await execa(program, args, { cwd: ROOT, all: true, reject: false });
    expect(exitCode, all).toBe(0);
  });
});
