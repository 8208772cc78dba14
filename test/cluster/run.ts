// npm run test:cluster [-- --short]: three hosts on one queue. It needs root, for network namespaces and small disks.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { LONG, runCluster, SHORT } from './cluster.ts';
import { openNetwork } from './network.ts';

const { values } = parseArgs({ options: { short: { type: 'boolean' }, network: { type: 'string' } } });
if (values.network === undefined) {
  const network = await openNetwork(`${process.pid}`, 3);
  const again = [
    fileURLToPath(import.meta.url),
    ...process.argv.slice(2),
    '--network',
    JSON.stringify(network.hosts),
  ];
  try {
    const command = ['netns', 'exec', network.hub, process.execPath, ...again];
    const { exitCode } = await execa('ip', command, {
      stdio: ['ignore', 'inherit', 'inherit'],
      reject: false,
    });
    process.exitCode = exitCode ?? 1;
  } finally {
    await network.remove();
  }
} else {
  const plan = values.short ? SHORT : LONG;
  const hosts = JSON.parse(values.network) as Parameters<typeof runCluster>[0]['hosts'];
  const { accepted, delivered, wrong, rates } = await runCluster({ hosts }, plan, (line) =>
    console.log(line),
  );
  for (const line of wrong) console.log(`WRONG: ${line}`);
  console.log(`${accepted} tapes accepted, ${delivered} delivered, ${wrong.length} things wrong`);
  const [one, three] = [rates['one host alone'], rates['three hosts']];
  if (one && three)
    console.log(`three hosts bake ${(three / one).toFixed(2)} times as fast as one, on this machine`);
  process.exit(wrong.length === 0 ? 0 : 1);
}
