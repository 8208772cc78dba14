import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { longPlan, shortPlan } from './plan.ts';
import { soak } from './soak.ts';

// npm run soak [-- --minutes N] [--seed N] [--short]
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string' },
    short: { type: 'boolean' },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
console.log(`--seed ${seed}`);
const plan = values.short ? shortPlan(seed) : longPlan(seed, Number(values.minutes));
await mkdir('.cache', { recursive: true });
const log = createWriteStream('.cache/soak.log');
const result = await soak(
  plan,
  seed,
  (line) => console.log(line),
  (line) => void log.write(`${line}\n`),
);
for (const line of result.figures) console.log(line);
const faults = ['lost', 'doubled', 'failed', 'leftovers', 'wrong'] as const;
for (const kind of faults) for (const line of result[kind]) console.log(`${kind.toUpperCase()}: ${line}`);
const count = (kind: (typeof faults)[number]) => `${kind} ${result[kind].length}`;
console.log(`${result.accepted} tapes, ${result.kills} kills: ${faults.map(count).join(', ')}`);
process.exit(faults.some((kind) => result[kind].length > 0) ? 1 : 0);
