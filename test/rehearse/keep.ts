import { loginFile } from '../twin/hardware/hardware.ts';
import { ADDRESSES, DOMAIN } from './names.ts';
import type { Stage } from './stage.ts';

/** Says how to look at what was made; never resolves, since only a signal ends it. */
export async function keepRunning({ box, program }: Stage, say: (line: string) => void): Promise<never> {
  const { cloud, api, visitor, caFile } = box;
  const within = (name: string, command: string) => `  ip netns exec ${name} ${command}`;
  say(`\n${api.picture()}`);
  say('As the visitor, by name:');
  say(within(visitor.name, `curl --cacert ${caFile} https://${DOMAIN}/health`));
  for (const { address } of api.state.droplets.values()) {
    say('As the operator, on the host:');
    say(
      within(cloud.client.name, `ssh -i ${loginFile(cloud)} -o UserKnownHostsFile=/dev/null root@${address}`),
    );
  }
  say(`Names: ${ADDRESSES.names}; the edge: ${ADDRESSES.edge}; Spaces: ${ADDRESSES.spaces}.`);
  say(`The program and its stack's configuration: ${program.folder}`);
  say('Ctrl-C takes it all down.');
  return new Promise<never>(() => {});
}
