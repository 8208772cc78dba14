/**
 * A step of a workflow: holds Pulumi's CLI, which later steps give every secret to, against the variable PULUMI_CLI_SHA256, and ends the
 * job where it is another. The action that installs it checks nothing. Where the variable is not set, the step tells what to set it to.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { summarize } from './lib/step.ts';

const expected = process.env.PULUMI_CLI_SHA256;
const found = await digest(await findFolder());
if (!expected) {
  const text = `Pulumi's CLI was not checked. Set the variable PULUMI_CLI_SHA256 to \`${found}\` (docs/ci.md).`;
  console.log(`::warning::${text}`);
  await summarize(text);
} else if (expected.toLowerCase() !== found) {
  console.error(`Pulumi's CLI is not the one of PULUMI_CLI_SHA256: its digest is ${found}`);
  process.exitCode = 1;
} else {
  console.log(`Pulumi's CLI is the one of PULUMI_CLI_SHA256`);
}

/** The folder of the `pulumi` on the PATH, in which its language hosts are as well. */
async function findFolder(): Promise<string> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const program = await realpath(join(folder, 'pulumi')).catch(() => undefined);
    if (program !== undefined) return dirname(program);
  }
  throw new Error('pulumi is not on the PATH');
}

/** SHA-256, in hex, over the names and the SHA-256 of the programs in a folder, in the order of their names: as `sha256sum pulumi* | sha256sum`. */
async function digest(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('pulumi')).sort();
  const lines = await Promise.all(
    names.map(async (name) => `${sha256(await readFile(join(folder, name)))}  ${name}\n`),
  );
  return sha256(lines.join(''));
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
