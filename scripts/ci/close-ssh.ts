/**
 * A step of a workflow that always runs: removes the network of open-ssh.ts (SSH_NETWORK) from the firewall after any update (UP_OUTCOME). Pulumi does
 * it, so that its state stays true. When Pulumi can't, the step changes the firewall at DigitalOcean itself, and fails so that an operator checks it. A
 * cancelled run has five minutes for everything.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { execa } from 'execa';
import { closeFirewall, findFirewall } from './lib/digitalocean.ts';
import { type Export, mayCancel, type Opened, openedFirewall } from './lib/firewall.ts';
import { firewallName, stackFile, withoutNetwork } from './lib/stack-file.ts';
import { requireVariable, summarize } from './lib/step.ts';

const TRIES = 2;
const SECONDS_A_TRY = 75;

const network = process.env.SSH_NETWORK;
if (!network) {
  console.log('nothing was opened');
  process.exit();
}
const stack = requireVariable('PULUMI_STACK');
const file = stackFile(stack);
const committed = withoutNetwork(await readFile(file, 'utf8'), network);
await writeFile(file, committed);

let opened = await look();
for (let i = 0; opened?.urn && i < TRIES; i++) {
  await close(opened.urn);
  opened = await look();
}
if (opened === undefined) {
  await say(`SSH is closed for ${network}.`);
} else {
  process.exitCode = 1;
  const id = opened.id ?? (await find());
  if (id === undefined) throw new Error('the firewall is not known: look whether it is open');
  await closeFirewall(id, network, process.env);
  await say(`SSH was closed for ${network} beside Pulumi, whose state has it open. Run this workflow again.`);
}

/** The opened firewall by the state; an unknown one when the state can't be read. Reading needs no lock. */
async function look(): Promise<Partial<Opened> | undefined> {
  const args = ['stack', 'export', '--stack', stack];
  const { failed, stdout, stderr } = await execa('pulumi', args, { timeout: 20_000, reject: false });
  if (!failed) return openedFirewall(JSON.parse(stdout) as Export, network as string);
  console.error(`the state can't be read: ${stderr.trim().split('\n').at(-1)}`);
  return {};
}

async function find(): Promise<string | undefined> {
  const name = firewallName(committed, await readFile('Pulumi.yaml', 'utf8'));
  return name === undefined ? undefined : findFirewall(name, process.env);
}

/**
 * Updates the firewall only, and no other part of a failed release. It refreshes first, because after an interrupted update the state may be
 * older than the firewall.
 */
async function close(urn: string): Promise<void> {
  const how = ['--yes', '--skip-preview', '--non-interactive', '--color', 'never', '--suppress-outputs'];
  const up = await execa('pulumi', ['up', '--stack', stack, '--target', urn, '--refresh', ...how], {
    all: true,
    reject: false,
    stdin: 'ignore',
    stdout: ['pipe', 'inherit'],
    stderr: ['pipe', 'inherit'],
    timeout: SECONDS_A_TRY * 1000,
  });
  if (!up.failed || !mayCancel(up.all, hostname(), process.env.UP_OUTCOME ?? '')) return;
  console.log('the update that was cut off has left its lock');
  await execa('pulumi', ['cancel', '--yes', '--stack', stack], { stdio: 'inherit', reject: false });
}

async function say(text: string): Promise<void> {
  console.log(text);
  await summarize(text);
}
