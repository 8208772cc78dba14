import { parseArgs } from 'node:util';
import { crash } from './crash.ts';
import { longPlan, shortPlan } from './plan.ts';

// npm run test:crash [-- --seed N] [--short]
const { values } = parseArgs({ options: { seed: { type: 'string' }, short: { type: 'boolean' } } });
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
console.log(`random kills: --seed ${seed}`);
const plan = values.short ? shortPlan(seed) : longPlan(seed);
const { kills, wrong } = await crash(plan, (line) => console.log(line));
for (const line of wrong) console.log(`WRONG: ${line}`);
console.log(`${kills} kills: ${wrong.length === 0 ? 'nothing lost' : `${wrong.length} things wrong`}`);
process.exit(wrong.length === 0 ? 0 : 1);
