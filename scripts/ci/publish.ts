/**
 * A step of a workflow: publishes the report of preview.ts (OUTCOME, BODY) as the one comment of pull request NUMBER, or as the one issue.
 *   node scripts/ci/publish.ts comment|issue
 * Without an OUTCOME the preview has failed early. It runs in a job without secrets, and needs Node only.
 */
import { GitHub } from './lib/github.ts';
import { publishComment, publishIssue } from './lib/publish.ts';
import { OUTCOMES, type Outcome, renderUnfinished, renderWithheld } from './lib/report.ts';
import { requireVariable, runPage } from './lib/step.ts';

const what = process.argv[2];
const stack = requireVariable('PULUMI_STACK');
const kind = what === 'issue' ? 'drift' : 'preview';
const outcome = readOutcome(process.env.OUTCOME);
const body = process.env.BODY || (outcome ? renderWithheld : renderUnfinished)(kind, stack, runPage());
const github = new GitHub(process.env);

if (what === 'comment') {
  const number = Number(requireVariable('NUMBER'));
  if (!Number.isSafeInteger(number)) throw new Error('NUMBER is not the number of a pull request');
  console.log(`comment ${await publishComment(github, number, stack, body)}`);
} else if (what === 'issue') {
  console.log(
    `issue ${await publishIssue(github, stack, { outcome: outcome ?? 'failed', body, run: runPage() })}`,
  );
} else {
  throw new Error('usage: node scripts/ci/publish.ts comment|issue');
}

/** The outcome; undefined when there is none. Throws for an unknown one. */
function readOutcome(text: string | undefined): Outcome | undefined {
  if (!text) return undefined;
  const outcome = OUTCOMES.find((one) => one === text);
  if (outcome === undefined)
    throw new Error(`OUTCOME is ${JSON.stringify(text)}, not one of ${OUTCOMES.join(', ')}`);
  return outcome;
}
