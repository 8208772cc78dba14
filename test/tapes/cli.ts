import { stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { cachedTape } from './cache.ts';
import { catalogue, type TapeName } from './catalogue.ts';

/** `node test/tapes/cli.ts [NAME…] [--out DIR]`: makes tapes of the catalogue, all when none is named, that are not there yet. */
async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { out: { type: 'string', default: '.cache/tapes' } },
  });
  const known = Object.keys(catalogue) as TapeName[];
  const unknown = positionals.filter((name) => !known.includes(name as TapeName));
  if (unknown.length > 0) {
    console.error(`No tape named ${unknown.join(', ')}. There are: ${known.join(', ')}`);
    process.exitCode = 2;
    return;
  }
  for (const name of positionals.length > 0 ? (positionals as TapeName[]) : known) {
    const begun = performance.now();
    const { made, path, frames, uniqueFrames, width, height, seconds } = await cachedTape(name, values.out);
    const megabytes = ((await stat(path)).size / 2 ** 20).toFixed(1);
    const how = made ? `made in ${((performance.now() - begun) / 1000).toFixed(1)} s` : 'there already';
    const what = `${width}×${height}, ${seconds.toFixed(2)} s, ${frames} frames (${uniqueFrames} differ)`;
    console.log(`${path}: ${what}, ${megabytes} MiB, ${how}`);
  }
}

await main(process.argv.slice(2));
