/**
 * A step of a workflow: compares Pulumi's CLI, which gets every secret in later steps, with the variable PULUMI_CLI_SHA256, and fails when it differs.
 * The action that installs the CLI checks nothing. Without the variable, the step prints the value to set.
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

/** The folder of `pulumi` on the PATH. Its language hosts are in the same folder. */
async function findFolder(): Promise<string> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const program = await realpath(join(folder, 'pulumi')).catch(() => undefined);
    if (program !== undefined) return dirname(program);
  }
  throw new Error('pulumi is not on the PATH');
}

/** SHA-256 in hex over the names and hashes of the programs in a folder, sorted by name: the same as `sha256sum pulumi* | sha256sum`. */
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
