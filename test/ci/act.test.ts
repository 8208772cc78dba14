import { describe, expect, test } from 'vitest';
import { findAct, runWorkflow, type Scenario } from './act.ts';

const PULL_REQUEST = pullRequest('o/r', 'someone');
const STACK = { PULUMI_STACK: 'o/oven/prod' };
const REPORT = { outcome: 'changed', body: 'a report' };

function pullRequest(repository: string, login: string): object {
  const head = { sha: 'c0ffee', repo: { full_name: repository } };
  return { pull_request: { number: 12, head, base: { repo: { full_name: 'o/r' } }, user: { login } } };
}

const found = await findAct();
const [act, gap] = 'program' in found ? [found.program, ''] : ['', ` (skipped: ${found.gap})`];

/** The scripts and programs that ran, by what tells them apart. */
const summary = ({ calls }: Awaited<ReturnType<typeof runWorkflow>>) =>
  calls
    .map(({ command }) => command.replace(/^node scripts\/ci\//, '').split(' --')[0]!)
    // act asks Node itself for its path.
    .filter((command) => command !== 'node');
const install = ['npm ci', 'check-cli.ts'];

describe.skipIf(act === '')(`under act${gap}`, () => {
  const previews: [string, Partial<Scenario>, string[], string][] = [
    [
      'of this repository is previewed and commented on',
      { variables: STACK, outputs: REPORT },
      [...install, 'preview.ts preview', 'publish.ts comment'],
      '',
    ],
    [
      'whose preview fails is commented on with what it says',
      { variables: STACK, outputs: { ...REPORT, outcome: 'failed' }, failing: '*preview.ts*' },
      [...install, 'preview.ts preview', 'publish.ts comment'],
      '',
    ],
    [
      'whose packages can not be installed is commented on too',
      { variables: STACK, failing: 'npm*' },
      ['npm ci', 'publish.ts comment'],
      '',
    ],
    [
      'of a fork says so',
      { payload: pullRequest('someone/r', 'someone') },
      [],
      'from a fork or from Dependabot',
    ],
    [
      "of Dependabot's says so",
      { payload: pullRequest('o/r', 'dependabot[bot]'), variables: STACK },
      [],
      'from a fork or from Dependabot',
    ],
    ['before there is a stack says so', {}, [], 'PULUMI_STACK is not set'],
  ];

  test.each(previews)('A pull request %s', async (_what, scenario, ran, said) => {
    const result = await runWorkflow(act, {
      event: 'pull_request',
      workflow: 'preview.yml',
      payload: PULL_REQUEST,
      ...scenario,
    });
    expect(summary(result), result.log).toEqual(ran);
    if (said !== '') expect(result.log).toContain(said);
    const comment = result.calls.find(({ command }) => command.includes('publish.ts'));
    if (comment === undefined) return;
    const { outcome: OUTCOME = '', body: BODY = '' } = scenario.outputs ?? {};
    expect(comment.env).toMatchObject({
      NUMBER: '12',
      OUTCOME: scenario.failing === 'npm*' ? '' : OUTCOME,
      BODY,
    });
  });

  const deployed = ['open-ssh.ts', 'pulumi up', 'close-ssh.ts'];
  test.each([
    ['a push', 'push', 'main', {}, deployed, /--suppress-outputs$/],
    [
      'by hand',
      'workflow_dispatch',
      'main',
      { inputs: { refresh: 'false' } },
      deployed,
      /--suppress-outputs$/,
    ],
    [
      'by hand with refresh',
      'workflow_dispatch',
      'main',
      { inputs: { refresh: 'true' } },
      deployed,
      / --refresh$/,
    ],
    ['by hand from another branch', 'workflow_dispatch', 'other', {}, [], /^$/],
  ] as const)(
    '%s is tested, and deployed from main alone',
    async (_what, event, branch, payload, ran, up) => {
      const result = await runWorkflow(act, {
        event,
        workflow: 'deploy.yml',
        branch,
        payload,
        variables: STACK,
      });
      const tested = summary(result).filter((line) => line.includes('.ci/run') || line === 'run ');
      expect(tested.toSorted(), result.log).toEqual([
        'run ',
        expect.stringMatching(/^sudo env PATH=.* CI=true \.ci\/run$/),
      ]);
      const [first = ''] = ran;
      expect(
        summary(result).slice(first === '' ? summary(result).length : summary(result).indexOf(first)),
      ).toEqual(ran);
      expect(result.calls.find(({ command }) => command.startsWith('pulumi up'))?.command ?? '').toMatch(up);
    },
  );

  test('A deployment that fails closes SSH again', async () => {
    const result = await runWorkflow(act, {
      event: 'push',
      workflow: 'deploy.yml',
      variables: STACK,
      failing: 'pulumi*',
    });
    expect(summary(result).at(-1), result.log).toBe('close-ssh.ts');
    expect(result.calls.at(-1)?.env.UP_OUTCOME).toBe('failure');
  });

  test.each([
    ['main', [...install, 'preview.ts drift', 'publish.ts issue']],
    ['other', []],
  ])('Drift is checked on main only: %s', async (branch, ran) => {
    const event = branch === 'main' ? 'schedule' : 'workflow_dispatch';
    const scenario = { event, workflow: 'drift.yml', branch, variables: STACK, outputs: REPORT } as const;
    const result = await runWorkflow(act, scenario);
    expect(summary(result), result.log).toEqual(ran);
  });

  test('A drift check that could not start is published as failed', async () => {
    const scenario = { event: 'schedule', workflow: 'drift.yml', variables: STACK, failing: 'npm*' } as const;
    const result = await runWorkflow(act, scenario);
    expect(summary(result), result.log).toEqual(['npm ci', 'publish.ts issue']);
    expect(result.calls.at(-1)?.env.OUTCOME).toBe('');
  });
});
