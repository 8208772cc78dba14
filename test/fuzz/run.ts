import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { fuzz, keep } from './fuzz.ts';
import { TARGETS, type TargetName } from './targets.ts';

// npm run fuzz [-- TARGET …] [--seconds N] [--count N] [--seed N] [--from N] [--processes N]
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string' },
    count: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string', default: '0' },
    processes: { type: 'string', default: `${availableParallelism()}` },
  },
});
const names = positionals.length > 0 ? positionals : Object.keys(TARGETS);
const unknown = names.filter((name) => !Object.hasOwn(TARGETS, name));
if (unknown.length > 0) {
  console.error(`no such target: ${unknown.join(', ')}; there are ${Object.keys(TARGETS).join(', ')}`);
  process.exit(2);
}
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const seconds = Number(values.seconds ?? (values.count === undefined ? 60 : Number.POSITIVE_INFINITY));
const count = Number(values.count ?? Number.MAX_SAFE_INTEGER);
console.log(`--seed ${seed}`);
let wrong = 0;
for (const name of names as TargetName[]) {
  const started = performance.now();
  let said = started;
  const options = {
    ...{
      module: TARGETS[name],
      seed,
      from: Number(values.from),
      count,
      niceness: 15, // others on the machine come first
      seconds,
      processes: Number(values.processes),
    },
    onProgress: (tried: number) => {
      if (performance.now() - said < 60_000) return;
      said = performance.now();
      console.log(`${name}: ${tried} so far`);
    },
  };
  const result = await fuzz(options);
  const { tried, outcomes, findings, figures } = result;
  console.log(`${name}: ${tried} inputs in ${Math.round((performance.now() - started) / 1000)} s`);
  for (const [outcome, times] of [...outcomes].sort(([, a], [, b]) => b - a))
    console.log(`  ${times} ${outcome}`);
  for (const line of figures) console.log(`  ${line}`);
  const paths = await keep(`.cache/fuzz/${name}`, { ...options, ...result });
  for (const [at, { n, what }] of findings.entries()) {
    console.log(`FOUND with --seed ${seed} --from ${n} --count 1 (${paths[at]}): ${what}`);
  }
  if (tried === 0) console.log(`FOUND: no input of ${name} was tried`);
  wrong += tried === 0 ? 1 : findings.length;
}
console.log(wrong === 0 ? 'nothing found' : `${wrong} found`);
process.exit(wrong === 0 ? 0 : 1);
