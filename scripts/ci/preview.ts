/**
 * A step of a workflow: previews the stack with the environment's tokens. Outputs: `outcome`, and `body`, a report without secrets.
 *   node scripts/ci/preview.ts preview|drift
 * It fails when the preview fails. It does not use the stack's own tokens, because they may write.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import { redact } from './lib/redact.ts';
import { type Outcome, outcomeOf, renderReport, renderUnfinished } from './lib/report.ts';
import { missingCredentials, stackFile, withoutCredentials } from './lib/stack-file.ts';
import { requireVariable, runPage, setOutput, summarize } from './lib/step.ts';

/** The variables of this step that are secrets. */
const SECRET_VARIABLES = [
  'PULUMI_ACCESS_TOKEN',
  'PULUMI_CONFIG_PASSPHRASE',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'DIGITALOCEAN_TOKEN',
  'SPACES_ACCESS_KEY_ID',
  'SPACES_SECRET_ACCESS_KEY',
  'CLOUDFLARE_API_TOKEN',
];

const kind = process.argv[2];
if (kind !== 'preview' && kind !== 'drift')
  throw new Error('usage: node scripts/ci/preview.ts preview|drift');
const stack = requireVariable('PULUMI_STACK');
const commit = requireVariable('COMMIT');

const missing = missingCredentials(process.env);
if (missing.length > 0) {
  await giveUp(
    `A preview is made with tokens of its own, and these are not set: ${missing.join(', ')} (docs/ci.md).`,
  );
}
const file = stackFile(stack);
await writeFile(file, withoutCredentials(await readFile(file, 'utf8'), process.env));

const secrets = await knownSecrets();
const look = await execa(
  'pulumi',
  [
    'preview',
    '--stack',
    stack,
    '--diff',
    '--expect-no-changes',
    ...(kind === 'drift' ? ['--refresh'] : []),
    '--non-interactive',
    '--color',
    'never',
    '--suppress-progress',
    '--suppress-outputs',
  ],
  { all: true, reject: false, stdin: 'ignore' },
);
const text = redact(look.all, secrets);
console.log(text);
const outcome = outcomeOf(look.exitCode, text);
const body = renderReport({ kind, stack, commit, run: runPage(), outcome, text });
await handOn(outcome, body);
process.exitCode = outcome === 'failed' ? 1 : 0;

/** The secrets to hide: the credentials of this step, and the secrets of the stack's configuration. */
async function knownSecrets(): Promise<string[]> {
  const own = SECRET_VARIABLES.flatMap((name) => process.env[name] ?? []);
  const args = ['config', '--json', '--show-secrets', '--stack', stack];
  const { failed, stdout, stderr } = await execa('pulumi', args, { reject: false, stdin: 'ignore' });
  if (failed) {
    // The command's output may contain secrets.
    console.error(`the configuration can't be read: ${redact(stderr, own).trim().split('\n').at(-1)}`);
    await giveUp("The stack's configuration can't be read.");
  }
  const config = JSON.parse(stdout) as Record<string, { value?: string; secret: boolean }>;
  return [...own, ...Object.values(config).flatMap(({ value, secret }) => (secret && value ? [value] : []))];
}

/** Ends early with a report: an older report must not look like one of this commit. */
async function giveUp(reason: string): Promise<never> {
  console.error(reason);
  await handOn('failed', renderUnfinished(kind as 'preview' | 'drift', stack, runPage(), reason));
  process.exit(1);
}

async function handOn(outcome: Outcome, body: string): Promise<void> {
  await setOutput('outcome', outcome);
  await setOutput('body', body);
  await summarize(body);
}
