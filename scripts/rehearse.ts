/** `npm run rehearse` deploys Oven with the real Pulumi CLI to a cloud in a box, and injects faults. */
import { Command, Option } from 'commander';
import { FAULTS } from '../test/rehearse/faults.ts';
import { keepRunning } from '../test/rehearse/keep.ts';
import { LOSSES } from '../test/rehearse/losses.ts';
import { findPrerequisites } from '../test/rehearse/missing.ts';
import { SEVERAL } from '../test/rehearse/nodes.ts';
import { rehearse } from '../test/rehearse/run.ts';
import { STEPS } from '../test/rehearse/steps.ts';
import { versionsOf } from '../test/rehearse/tools.ts';

const ALL = [...STEPS, ...FAULTS, ...LOSSES, ...SEVERAL];
const USAGE = 2;
/** The exit status for a missing prerequisite: the rehearsal neither passed nor failed. */
const MISSING = 3;

interface Options {
  readonly only?: readonly string[];
  readonly keep: boolean;
}

const names = ALL.map(({ name }) => name);
const { only, keep } = new Command('rehearse')
  .description('Deploys Oven with the real Pulumi CLI to a cloud in a box, and harms it.')
  .addOption(
    new Option('--only <names...>', 'only these steps').choices([
      ...names,
      'steps',
      'faults',
      'losses',
      'nodes',
    ]),
  )
  .option('--keep', 'leave it running to look at, until Ctrl-C', false)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE))
  .parse()
  .opts<Options>();

const found = await findPrerequisites();
if (typeof found === 'string') {
  console.error(found);
  process.exit(MISSING);
}

const chosen = [
  ...STEPS.filter(({ name }) => !only || only.includes(name) || only.includes('steps')),
  ...FAULTS.filter(({ name }) => !only || only.includes(name) || only.includes('faults')),
  ...LOSSES.filter(({ name }) => !only || only.includes(name) || only.includes('losses')),
  ...SEVERAL.filter(({ name }) => !only || only.includes(name) || only.includes('nodes')),
];
// `--keep` needs a deployment to look at.
while (keep && chosen.at(-1)?.name.startsWith('destroy')) chosen.pop();

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!stop.signal.aborted) console.log('\nTaking it all down …');
    stop.abort();
  });
}

console.log(await versionsOf(found.tools));
const { table, holds, tapesLost } = await rehearse(found, {
  steps: chosen,
  say: console.log,
  stop: stop.signal,
  ...(keep ? { keep: (stage) => keepRunning(stage, console.log) } : {}),
});
console.log(`\n${table}`);
if (tapesLost.length > 0) console.log(`Never called back: ${tapesLost.join(', ')}`);
process.exit(stop.signal.aborted && !keep ? 130 : holds ? 0 : 1);
