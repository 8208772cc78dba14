/**
 * rebinding.test.ts runs this in a network namespace where a public address belongs to this machine. The address of a name
 * changes from one lookup to the next. Prints the outcome of each download as JSON.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import type { LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { download } from '../../service/source/download.ts';
import { SourceError } from '../../service/source/errors.ts';
import { startSource } from '../rig/source.ts';

const [PUBLIC, PRIVATE] = ['93.184.216.34', '127.0.0.1'];
const outside = await startSource(PUBLIC);
const inside = await startSource(PRIVATE, outside.port);
const folder = mkdtempSync(join(tmpdir(), 'oven-test-'));

/** Answers the first lookup with the first list, the second with the second, and so on. */
function changing(...answers: string[][]): { lookup: LookupFunction; count: () => number } {
  let count = 0;
  return {
    count: () => count,
    lookup: (_, __, callback) => {
      const addresses = answers[Math.min(count, answers.length - 1)]!;
      count += 1;
      callback(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      );
    },
  };
}

async function attempt(path: string, ...answers: string[][]) {
  outside.asked.length = 0;
  inside.asked.length = 0;
  const { lookup, count } = changing(...answers);
  const outcome = await download(
    new URL(`http://tapes.example:${outside.port}${path}`),
    join(folder, 'tape'),
    {
      maxBytes: 1000,
      connectMs: 5000,
      idleMs: 5000,
      totalMs: 20_000,
      lookup,
      isAllowed: () => ({ trusted: false }),
      signal: new AbortController().signal,
    },
  ).then(
    ({ bytes }) => bytes,
    (error) => (error instanceof SourceError ? error.code : String(error)),
  );
  rmSync(join(folder, 'tape'), { force: true });
  return { outcome, lookups: count(), outside: outside.asked.length, inside: inside.asked.length };
}

const results = {
  plain: await attempt('/whole/9', [PUBLIC]),
  changed: await attempt('/whole/9', [PUBLIC], [PRIVATE]),
  mixed: await attempt('/whole/9', [PRIVATE, PUBLIC]),
  secondHop: await attempt('/hops/1/whole/9', [PUBLIC], [PRIVATE]),
  literalHop: await attempt(`/to?url=http://${PRIVATE}:${outside.port}/whole/9`, [PUBLIC]),
};
rmSync(folder, { recursive: true });
console.log(JSON.stringify(results));
await outside.stop();
await inside.stop();
