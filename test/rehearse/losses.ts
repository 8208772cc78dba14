import { until } from '../rig/until.ts';
import { makeKey } from '../twin/host/ssh.ts';
import { BLOBS_BUCKET } from './box.ts';
import type { Ended } from './engine.ts';
import { changesOf, tallyOf } from './events.ts';
import { DROPLET, SIZES } from './names.ts';
import { calledBack, releaseSeen, type Stage } from './stage.ts';
import { bringUp, failures, none, type Step, serves } from './steps.ts';

/** What goes wrong behind the engine's back: a way that is closed, a process that is killed, a host that is lost. */
export const LOSSES: readonly Step[] = [
  {
    name: 'blocked',
    title: 'the old host can’t be reached; opened; up',
    visited: true,
    needs: 'host',
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
    name: 'cors',
    title: 'CORS rules removed by hand; up --replace',
    visited: true,
    needs: 'host',
    run: async (stage) => {
      const { engine, box } = stage;
      await box.spaces.removeCors(BLOBS_BUCKET);
      const refused = await engine.start('refresh').ended;
      const urns = await engine.run('stack', '--show-urns', '--stack', 'rehearsal');
      const urn = /urn:\S+SpacesBucketCorsConfiguration::blobs/.exec(urns)?.[0] ?? '';
      const mended = await engine.up('--replace', urn);
      const after = await engine.start('refresh').ended;
      return {
        came: `told; then ${tallyOf(changesOf(mended))}`,
        seen: refused.said,
        problems: [
          ...(refused.exitCode === 0 ? ['the refresh did not see it'] : []),
          ...missing(refused, ['CORS']),
          ...failures(mended),
          ...failures(after),
          ...(await settled(stage)),
        ],
      };
    },
  },
  {
    name: 'kill',
    title: 'up killed while the new host is made; up',
    visited: true,
    needs: 'host',
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
  {
    name: 'lost',
    title: 'the host is lost for good; up',
    visited: false,
    needs: 'host',
    run: async (stage) => {
      const { api } = stage.box;
      await loseHost(stage);
      const begun = performance.now();
      await forgetDrain(stage);
      const mended = await stage.engine.up('--refresh');
      await stage.learnKey();
      const served = (performance.now() - begun) / 1000;
      const slug = `after-${api.calls.length}`;
      const { status } = await stage.box.ask('/bake', stage.box.tape(slug));
      const late = await calledBack(stage.box, [slug]);
      return {
        came: `${tallyOf(changesOf(mended))}; served again after ${served.toFixed(0)} s`,
        problems: [
          ...failures(mended),
          ...(status === 202 ? [] : [`POST /bake: ${status}`]),
          ...late.map(() => 'it does not bake'),
          ...(await settled(stage)),
        ],
      };
    },
  },
  {
    name: 'lost-destroy',
    title: 'the host is lost for good; destroy',
    visited: false,
    needs: 'host',
    run: async (stage) => {
      const { api, spaces } = stage.box;
      const kept = await spaces.keys(BLOBS_BUCKET);
      await loseHost(stage);
      await forgetDrain(stage);
      const ended = await stage.engine.start('destroy', '--refresh').ended;
      await api.settled();
      const { droplets, reserved, firewalls, records, spacesKeys, checks, alerts } = api.state;
      const left = Object.entries({ droplets, reserved, firewalls, records, spacesKeys, checks, alerts });
      const now = new Set(await spaces.keys(BLOBS_BUCKET));
      return {
        came: tallyOf(changesOf(ended)),
        problems: [
          ...failures(ended),
          ...left.flatMap(([what, { size }]) => (size === 0 ? [] : [`${size} ${what} are left`])),
          ...kept.filter((key) => !now.has(key)).map((key) => `${key} is gone`),
        ],
      };
    },
  },
  {
    name: 'key',
    title: 'a key that the account has already; up; destroy',
    visited: false,
    needs: 'nothing',
    run: async (stage) => {
      const { api, cloud } = stage.box;
      const { privateKey, publicKey } = await makeKey(cloud.run.folder, 'operator');
      await api.byHand('POST', '/v2/account/keys', { name: 'laptop', public_key: publicKey });
      await stage.engine.set({}, { 'oven:sshPrivateKey': privateKey });
      const made = await bringUp(stage);
      const problems = [...failures(made), ...(await settled(stage))];
      const gone = await stage.engine.destroy();
      const names = [...api.state.keys.values()].map(({ name }) => name);
      await stage.engine.run('config', 'rm', 'oven:sshPrivateKey', '--stack', 'rehearsal');
      return {
        came: `${tallyOf(changesOf(made))}; ${tallyOf(changesOf(gone))}`,
        problems: [
          ...problems,
          ...failures(gone),
          ...(names.join() === 'laptop' ? [] : [`the account's keys: ${names.join(', ')}`]),
        ],
      };
    },
  },
];

/** Loses the host, as when an operator deletes the droplet or its disk dies. */
async function loseHost({ box, host }: Stage): Promise<void> {
  const [id] = box.api.state.droplets.keys();
  host();
  await box.api.byHand('DELETE', `/v2/droplets/${id}`);
  await box.api.settled();
}

/** The first step of the docs for a lost host: it can't be drained. */
async function forgetDrain({ engine }: Stage): Promise<void> {
  const urn = /urn:\S+::drain/.exec(await engine.run('stack', '--show-urns', '--stack', 'rehearsal'))?.[0];
  if (urn === undefined) throw new Error('the stack has no drain');
  await engine.run('state', 'delete', urn, '--yes', '--stack', 'rehearsal');
}

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
