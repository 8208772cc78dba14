/**
 * A step of a workflow: opens SSH for this machine. It adds the address to `sshAllowedCidrs` in this checkout, without a commit. The following update
 * changes the firewall before it releases anything. The output `network` is for close-ssh.ts; it is missing when the network was already open.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { findAddress } from './lib/address.ts';
import { networks, stackFile, withNetwork, withoutCredentials } from './lib/stack-file.ts';
import { requireVariable, setOutput } from './lib/step.ts';

const file = stackFile(requireVariable('PULUMI_STACK'));
const committed = await readFile(file, 'utf8');
const own = withoutCredentials(committed, process.env);
if (networks(own).length === 0) {
  console.error(
    `${file} has no sshAllowedCidrs. Commit one network that may always get in: with none, nothing could be closed`,
  );
  process.exit(1);
}
const network = `${await findAddress()}/32`;
if (networks(own).includes(network)) {
  console.log(`${network} is let in by ${file} already`);
  await writeFile(file, own);
} else {
  console.log(`SSH is open for ${network} in this run`);
  await writeFile(file, withNetwork(own, network));
  await setOutput('network', network);
}
