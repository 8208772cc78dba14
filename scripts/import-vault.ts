#!/usr/bin/env node
/** `npm run import-vault -- PATH/.env PATH/deploy.env [--stack NAME]`: sets a stack's configuration from the vault's two files. */
import { readFile } from 'node:fs/promises';
import { parseArgs, parseEnv } from 'node:util';
import { ExecaError, execa } from 'execa';
import { type ConfigEntry, planVault } from '../infra/vault.ts';

const { values, positionals } = parseArgs({
  options: { stack: { type: 'string' } },
  allowPositionals: true,
});
if (positionals.length === 0) {
  console.error('usage: npm run import-vault -- PATH/.env PATH/deploy.env [--stack NAME]');
  process.exit(2);
}

try {
  const variables: NodeJS.Dict<string> = {};
  for (const file of positionals) Object.assign(variables, parseEnv(await readFile(file, 'utf8')));
  const { entries, unknown, notes } = planVault(variables);
  for (const entry of entries) await set(entry);
  for (const note of notes) console.log(`  note: ${note}`);
  if (unknown.length > 0) console.log(`  not known, left out: ${unknown.join(', ')}`);
  console.log(
    `${entries.length} values set. Still yours to say: alertEmail and sshAllowedCidrs (docs/deploy.md, "First deployment").`,
  );
} catch (error) {
  // Execa's own message shows the command's output. It should have no secret, but this does not rely on it.
  const what =
    error instanceof ExecaError
      ? `pulumi config set failed: ${
          String(error.stderr ?? '')
            .trim()
            .split('\n')
            .at(-1) || error.shortMessage
        }`
      : String(error);
  console.error(what);
  process.exit(1);
}

/** Sets one value by standard input, because every user of the machine can see arguments. */
async function set({ key, value, secret, path }: ConfigEntry): Promise<void> {
  const args = ['config', 'set', secret ? '--secret' : '--plaintext', ...(path ? ['--path'] : []), key];
  await execa('pulumi', [...args, ...(values.stack ? ['--stack', values.stack] : [])], { input: value });
  console.log(`  ${key}${secret ? ' (secret)' : ` = ${value}`}`);
}
