import { CHANGES, type Changes } from '../deploy/trees.ts';
import { until } from '../rig/until.ts';
import { ART_BUCKET, TAKEN_BUCKET } from './box.ts';
import { changesOf, type Operation, tallyOf } from './events.ts';
import { SIZES } from './names.ts';
import { reaches, releaseSeen, type Stage } from './stage.ts';
import { bringUp, failures, none, onlyRelease, type Step, serves } from './steps.ts';

const DROPLET = 'digitalocean:Droplet host';

/** What goes wrong while deploying, each thing followed by a plain `up` that mends it. They stand on each other's stack, in this order. */
export const FAULTS: readonly Step[] = [
  {
    name: 'credentials',
    title: 'wrong credentials',
    visited: false,
    needs: 'nothing',
    run: async ({ engine, box, secrets }) => {
      const calls = box.api.calls.length;
      const wrong = {
        'digitalocean:token': 'dop_v1_of_yesterday',
        'digitalocean:spacesSecretKey': 'a-secret-of-yesterday',
        'cloudflare:apiToken': 'a'.repeat(40),
      };
      await engine.set({}, wrong);
      const refused = await engine.up();
      const changed = box.api.calls.slice(calls).filter(({ method }) => method !== 'GET');
      await engine.set({}, secrets);
      return {
        came: 'refused before anything was made',
        seen: refused.said,
        problems: [
          ...(refused.exitCode === 0 ? ['wrong credentials were taken'] : []),
          ...none(changesOf(refused), 'nothing was to be made'),
          ...changed.map(({ method, path }) => `${method} ${path} was asked for`),
          ...missingWords(refused.said, ['digitalocean:token', 'spacesAccessId', 'Cloudflare']),
        ],
      };
    },
  },
  {
    name: 'bucket',
    title: 'a Space that is somebody else’s; up',
    visited: false,
    needs: 'nothing',
    run: async (stage) => {
      const { engine, box } = stage;
      const calls = box.api.calls.length;
      await engine.set({ 'oven:artBucket': TAKEN_BUCKET });
      const refused = await engine.up();
      const changed = box.api.calls.slice(calls).filter(({ method }) => method !== 'GET');
      await engine.set({ 'oven:artBucket': ART_BUCKET });
      const mended = await bringUp(stage);
      return {
        came: `refused; then ${tallyOf(changesOf(mended))}`,
        seen: refused.said,
        problems: [
          ...(refused.exitCode === 0 ? ['it was taken'] : []),
          ...none(changesOf(refused), 'nothing was to be made'),
          ...changed.map(({ method, path }) => `${method} ${path} was asked for`),
          ...missingWords(refused.said, [TAKEN_BUCKET]),
          ...failures(mended),
          ...(await serves(stage)),
        ],
      };
    },
  },
  {
    name: 'api',
    title: 'the API answers 429 and 5xx; up',
    visited: true,
    needs: 'host',
    run: async (stage) => {
      const { api } = stage.box;
      const before = await releaseSeen(stage.box);
      await otherSize(stage);
      const path = /^\/v2\/droplets$/;
      const lasting = api.fault({ method: 'POST', path, status: 500, times: 1000 });
      const failed = await stage.engine.up();
      const during = await releaseSeen(stage.box);
      api.clearFaults();
      // What passes is no reason to fail.
      const passing = [
        api.fault({ path: /^\/v2\/regions$/, status: 429, retryAfter: 2 }),
        api.fault({ method: 'POST', path, status: 429, retryAfter: 3, times: 2 }),
        api.fault({ method: 'GET', path: /^\/v2\/droplets\/\d+$/, status: 503, times: 2 }),
      ];
      const mended = await stage.engine.up();
      return {
        came: `failed; then ${tallyOf(changesOf(mended))}`,
        seen: failed.said,
        problems: [
          ...(failed.exitCode === 0 || lasting.met() === 0 ? ['a droplet was made in spite of all'] : []),
          ...(failed.failed.join() === DROPLET ? [] : [`what failed: ${failed.failed.join(', ')}`]),
          ...(passing.every(({ met }) => met() > 0) ? [] : ['some errors were never met']),
          ...(during === before ? [] : ['the old host does not serve']),
          ...failures(mended),
          ...(await oneDroplet(stage)),
          ...(await serves(stage)),
        ],
      };
    },
  },
  {
    name: 'interrupt',
    title: 'Ctrl-C while the new host is made; up',
    visited: true,
    needs: 'host',
    run: async (stage) => {
      const { api } = stage.box;
      const before = await releaseSeen(stage.box);
      await otherSize(stage);
      const operating = stage.engine.start('up');
      await operating.begun(DROPLET);
      await until('the droplet is asked for', () => api.state.droplets.size > 1);
      operating.interrupt();
      const cut = await operating.ended;
      const during = await releaseSeen(stage.box);
      const mended = await stage.engine.up();
      return {
        came: `cut off; then ${tallyOf(changesOf(mended))}`,
        seen: cut.said,
        problems: [
          ...(cut.exitCode === 0 ? ['it was not interrupted'] : []),
          ...(during === before ? [] : ['the old host does not serve']),
          ...failures(mended),
          ...(await oneDroplet(stage)),
          ...(await serves(stage)),
        ],
      };
    },
  },
  {
    name: 'ssh',
    title: 'SSH cut in the middle of a release; up',
    visited: true,
    needs: 'host',
    run: async (stage) => {
      const before = await releaseSeen(stage.box);
      await stage.program.become(CHANGES.other);
      const operating = stage.engine.start('up');
      await operating.begun('command:remote:Command activate');
      const host = stage.host();
      await until('the release is activated', async () => (await host.run(ACTIVATES)).exitCode === 0);
      await host.sh(CUT);
      const cut = await operating.ended;
      const during = await releaseSeen(stage.box);
      const mended = await stage.engine.up();
      return {
        came: `failed; then ${tallyOf(changesOf(mended))}`,
        seen: cut.said,
        problems: [
          ...(cut.exitCode === 0 ? ['it went on'] : []),
          ...(during === undefined ? ['nothing healthy serves'] : []),
          ...failures(mended),
          ...onlyRelease(mended),
          ...((await releaseSeen(stage.box)) === before ? ['the new release does not serve'] : []),
          ...(await serves(stage)),
        ],
      };
    },
  },
  {
    name: 'disk',
    title: 'the disk has no room for a release; up',
    visited: true,
    needs: 'host',
    run: async (stage) => {
      const before = await releaseSeen(stage.box);
      const host = stage.host();
      await host.sh(FILL);
      await stage.program.become(LARGER);
      const failed = await stage.engine.up();
      const during = await releaseSeen(stage.box);
      await host.sh(`rm -f ${FILLER}`);
      const mended = await stage.engine.up();
      return {
        came: `failed; then ${tallyOf(changesOf(mended))}`,
        seen: failed.said,
        problems: [
          ...(failed.exitCode === 0 ? ['it went well'] : []),
          ...(during === before ? [] : [`the old release does not serve, but ${during}`]),
          ...failures(mended),
          ...onlyRelease(mended),
          ...(await serves(stage)),
        ],
      };
    },
  },
  {
    name: 'drift',
    title: 'a firewall rule changed by hand; up --refresh',
    visited: true,
    needs: 'host',
    run: async (stage) => {
      const { api, visitor } = stage.box;
      const settled = await stage.engine.up('--refresh');
      const [firewall] = api.state.firewalls.keys();
      const sources = { addresses: ['0.0.0.0/0'] };
      await api.byHand('POST', `/v2/firewalls/${firewall}/rules`, {
        inbound_rules: [{ protocol: 'tcp', ports: '22', sources }],
      });
      const open = await reaches(visitor, stage.host().address, 22);
      const mended = await stage.engine.up('--refresh');
      const after = await reaches(visitor, stage.host().address, 22);
      const changes = changesOf(mended).map(({ kind, what }) => `${kind} ${what}`);
      return {
        came: tallyOf(changesOf(mended)),
        seen: changesOf(mended).map(({ kind, what, because }) => `${kind} ${what}: ${because.join(', ')}`),
        problems: [
          ...(open ? [] : ['the rule changed by hand let nobody in']),
          ...(after ? ['SSH is still open to all'] : []),
          ...failures(settled),
          ...none(
            changesOf(settled).filter((one) => !isAdoption(one)),
            'nothing had been changed by hand',
          ),
          ...failures(mended),
          ...(changes.join() === 'update digitalocean:Firewall firewall'
            ? []
            : [`changed: ${changes.join(', ')}`]),
          ...(await serves(stage)),
        ],
      };
    },
  },
];

/**
 * An imported bucket's ACL is not in the state, since the provider does not read it: the first refresh finds it missing, and `up` lays down the
 * one that the program has for buckets of its own (docs/evidence.md, "What it found").
 */
function isAdoption({ kind, what, because }: Operation): boolean {
  return kind === 'update' && what === 'digitalocean:SpacesBucket blobs' && because.join() === 'acl';
}

/** Exits 0 while a release is activated. */
const ACTIVATES = `pgrep -fx 'bash /opt/oven/.*activate.* [0-9a-f]{16}' >/dev/null`;

/** Ends every SSH session but this one, at once. */
const CUT = `for pid in $(pgrep -f '^sshd: root@notty'); do test "$pid" = "$PPID" || kill -KILL "$pid"; done`;

/** A release that no host has yet: one that is there already needs no room. */
const LARGER: Changes = {
  'service/main.ts': (text) => `${text}\n// A release for which there is no room.\n`,
};

/** Leaves the host enough to go on with what is there, and too little for a release. */
const FILLER = '/var/filler';
const FILL = `fallocate -l "$(($(df --output=avail -B 1M / | tail -n 1) - 1280))M" ${FILLER}`;

/** Sets the size that the host has not, so that the next `up` replaces it. */
async function otherSize({ engine, box }: Stage): Promise<void> {
  const [droplet] = box.api.state.droplets.values();
  await engine.set({ 'oven:dropletSize': droplet?.size === SIZES.large ? SIZES.small : SIZES.large });
}

/** That the cloud has exactly one droplet, and nothing is to be changed any more. */
async function oneDroplet({ box, engine }: Stage): Promise<readonly string[]> {
  const { size } = box.api.state.droplets;
  return [
    ...(size === 1 ? [] : [`there are ${size} droplets`]),
    ...none(changesOf(await engine.up()), 'another up was to change nothing'),
  ];
}

/** Words that an operator needs to see to know what to mend. */
function missingWords(said: readonly string[], words: readonly string[]): readonly string[] {
  const text = said.join('\n');
  return words.filter((word) => !text.includes(word)).map((word) => `the operator is not told of ${word}`);
}
