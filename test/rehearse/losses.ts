import { until } from '../rig/until.ts';
import type { Ended } from './engine.ts';
import { changesOf, tallyOf } from './events.ts';
import { DROPLET, SIZES } from './names.ts';
import { releaseSeen, type Stage } from './stage.ts';
import { failures, none, type Step, serves } from './steps.ts';

/** What goes wrong behind the engine's back: a way that is closed, a process that is killed. */
export const LOSSES: readonly Step[] = [
  {
    ...{ name: 'blocked', title: 'the old host can’t be reached; opened; up', visited: true, needs: 'host' },
    run: async (stage) => {
      const { api } = stage.box;
      const before = await releaseSeen(stage.box);
      const [old] = api.state.droplets.keys();
      await otherSize(stage);
      const [firewall] = api.state.firewalls.keys();
      const rules = `/v2/firewalls/${firewall}/rules`;
      const addresses = [`${stage.box.cloud.client.address}/32`];
      const operator = { protocol: 'tcp', ports: '22', sources: { addresses } };
      const both = { ...operator, sources: { addresses, tags: [DROPLET] } };
      // Only the way between the hosts is closed: the operator still gets in.
      await api.byHand('POST', rules, { inbound_rules: [operator] });
      await api.byHand('DELETE', rules, { inbound_rules: [both] });
      const refused = await stage.engine.up();
      const during = await releaseSeen(stage.box);
      const [address] = [...api.state.reserved.values()];
      const stays = address?.droplet === old;
      await api.byHand('POST', rules, { inbound_rules: [both] });
      await api.byHand('DELETE', rules, { inbound_rules: [operator] });
      const mended = await stage.engine.up();
      return {
        came: `refused; then ${tallyOf(changesOf(mended))}`,
        seen: refused.said,
        problems: [
          ...(refused.exitCode === 0 ? ['the queue was left behind'] : []),
          ...missing(refused, [`droplet ${old} has the queue`]),
          ...(stays && during === before ? [] : ['the old host does not serve']),
          ...failures(mended),
          ...(await settled(stage)),
        ],
      };
    },
  },
  {
    ...{ name: 'kill', title: 'up killed while the new host is made; up', visited: true, needs: 'host' },
    run: async (stage) => {
      const { api } = stage.box;
      const before = await releaseSeen(stage.box);
      await otherSize(stage);
      const operating = stage.engine.start('up');
      await operating.begun('digitalocean:Droplet host');
      await until('the droplet is asked for', () => api.state.droplets.size > 1);
      operating.kill();
      await operating.ended;
      const during = await releaseSeen(stage.box);
      const locked = await stage.engine.up();
      await stage.engine.run('cancel', '--yes', '--stack', 'rehearsal');
      const mended = await stage.engine.up();
      const left = await stage.engine.leftovers();
      const lost = /^droplet (\d+) /m.exec(left)?.[1];
      if (lost !== undefined) await api.byHand('DELETE', `/v2/droplets/${lost}`);
      await api.settled();
      return {
        came: `killed; then ${tallyOf(changesOf(mended))}; 1 droplet was left over`,
        seen: [...locked.said, ...left.split('\n')],
        problems: [
          ...(during === before ? [] : ['the old host does not serve']),
          ...(lost === undefined ? [`the droplet that was left over was not named: ${left}`] : []),
          ...failures(mended),
          ...(await settled(stage)),
        ],
      };
    },
  },
];

async function otherSize({ engine, box }: Stage): Promise<void> {
  const [droplet] = box.api.state.droplets.values();
  await engine.set({ 'oven:dropletSize': droplet?.size === SIZES.large ? SIZES.small : SIZES.large });
}

/** That the stack serves with one droplet, and nothing is to be changed any more. */
async function settled(stage: Stage): Promise<readonly string[]> {
  const { size } = stage.box.api.state.droplets;
  return [
    ...(size === 1 ? [] : [`there are ${size} droplets`]),
    ...(await serves(stage)),
    ...none(changesOf(await stage.engine.up()), 'another up was to change nothing'),
  ];
}

function missing({ said }: Ended, words: readonly string[]): readonly string[] {
  const text = said.join('\n');
  return words.filter((word) => !text.includes(word)).map((word) => `the operator is not told: ${word}`);
}
