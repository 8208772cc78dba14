/**
 * A step of a workflow: shows the report of preview.ts (OUTCOME, BODY) as the one comment of pull request NUMBER, or as the one issue.
 *   node scripts/ci/publish.ts comment|issue
 * Runs in a job without secrets, and needs nothing but Node.
 */
import { GitHub } from './lib/github.ts';
import { publishComment, publishIssue } from './lib/publish.ts';
import { type Outcome, withheld } from './lib/report.ts';
import { given, runPage } from './lib/step.ts';

const what = process.argv[2];
const stack = given('PULUMI_STACK');
const outcome = given('OUTCOME') as Outcome;
const body = process.env.BODY || withheld(what === 'issue' ? 'drift' : 'preview', stack, runPage());
const github = new GitHub(process.env);

if (what === 'comment') {
  const number = Number(given('NUMBER'));
  if (!Number.isSafeInteger(number)) throw new Error('NUMBER is not the number of a pull request');
  console.log(`comment ${await publishComment(github, number, stack, body)}`);
} else if (what === 'issue') {
  console.log(`issue ${await publishIssue(github, stack, { outcome, body, run: runPage() })}`);
} else {
  throw new Error('usage: node scripts/ci/publish.ts comment|issue');
}
