import { rebakeWithKills, UNDER_WAY } from './rebake.ts';

// npm run test:rebake [-- TAPES]
const tapes = Number(process.argv[2] ?? 2000);
const { wrong, stdout, passedBy, seconds } = await rebakeWithKills(tapes, 10);
console.log(stdout);
for (const line of wrong) console.log(`WRONG: ${line}`);
console.log(
  `${tapes} tapes in ${seconds.toFixed(0)} s, command and service killed three times each: ${wrong.length} wrong`,
);
console.log(`the interactive tape let ${passedBy} begin before it; ${UNDER_WAY} bake at once`);
process.exit(wrong.length === 0 && passedBy <= UNDER_WAY ? 0 : 1);
