import { CHANGES } from '../deploy/trees.ts';
import { ART_BUCKET, BLOBS_BUCKET, bringTape } from './box.ts';
import type { Ended } from './engine.ts';
import { changesOf, type Operation, tallyOf } from './events.ts';
import { ADDRESSES, SIZES } from './names.ts';
import { calledBack, reaches, releaseSeen, type Stage } from './stage.ts';

/** What a step came to. */
export interface Came {
  readonly came: string;
  readonly problems: readonly string[];
  /** What the operator saw, where that is the point of it. */
  readonly seen?: readonly string[];
}

/** One step of a rehearsal. */
export interface Step {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** Whether the outside client asks during it: there has to be a host before and after. */
  readonly visited: boolean;
  /** Whether the stack has a host when it begins: one that is not there is made first, silently. */
  readonly needs: 'host' | 'nothing';
  /** How many hosts the stack has when it begins, or is to be made with; 1 when left out. */
  readonly nodes?: number;
  /** Whether requests may be lost, which are counted all the same. */
  readonly mayLose?: boolean;
  run(stage: Stage): Promise<Came>;
}

/** What a release of code may change, and nothing else. */
const RELEASE = new Set(
  ['Command prepare', 'CopyToRemote upload', 'Command activate'].map((what) => `command:remote:${what}`),
);

/** The steps of a deployment's life, in their order. */
export const STEPS: readonly Step[] = [
  {
    name: 'up',
    title: 'up, from nothing',
    visited: false,
    needs: 'nothing',
    run: async (stage) => {
      const ended = await bringUp(stage);
      return about(ended, await serves(stage));
    },
  },
  {
    name: 'bake',
    title: 'a tape, through DNS, edge, firewall and TLS',
    visited: true,
    needs: 'host',
    run: bake,
  },
  {
    name: 'same',
    title: 'up, nothing changed',
    visited: true,
    needs: 'host',
    run: async ({ engine }) => {
      const ended = await engine.up();
      return about(ended, none(changesOf(ended), 'nothing was to change'));
    },
  },
  {
    name: 'code',
    title: 'up, code changed',
    visited: true,
    needs: 'host',
    run: async (stage) => {
      const before = await releaseSeen(stage.box);
      await stage.program.become(CHANGES.good);
      const ended = await stage.engine.up();
      const after = await releaseSeen(stage.box);
      return about(ended, [
        ...onlyRelease(ended),
        ...(after === before ? ['the release at /health is the one from before'] : []),
        ...(await serves(stage)),
      ]);
    },
  },
  {
    name: 'broken',
    title: 'up, code broken; up, mended',
    visited: true,
    needs: 'host',
    run: async (stage) => {
      const before = await releaseSeen(stage.box);
      await stage.program.become(CHANGES['does not start']);
      const broken = await stage.engine.up();
      const after = await releaseSeen(stage.box);
      await stage.program.become(CHANGES.good);
      const mended = await stage.engine.up();
      return {
        came: `refused; then ${tallyOf(changesOf(mended))}`,
        seen: broken.said,
        problems: [
          ...(broken.exitCode === 0 ? ['a release that does not start was taken'] : []),
          ...(after === before ? [] : ['the old release does not serve']),
          ...failures(mended),
          ...onlyRelease(mended),
          ...(await serves(stage)),
        ],
      };
    },
  },
  {
    name: 'replace',
    title: 'up, another size: the host is replaced',
    visited: true,
    needs: 'host',
    run: async (stage) => {
      const { engine, box } = stage;
      const [before] = box.api.state.droplets.keys();
      await engine.set({ 'oven:dropletSize': SIZES.large });
      const ended = await engine.up();
      const [after, ...others] = [...box.api.state.droplets.values()];
      const isNew = after !== undefined && after.id !== before && others.length === 0;
      return about(ended, [
        ...(isNew && after.size === SIZES.large ? [] : ['there is not exactly one droplet of the new size']),
        ...(await serves(stage)),
      ]);
    },
  },
  { name: 'destroy', title: 'destroy', visited: false, needs: 'host', run: destroy },
  {
    name: 'again',
    title: 'up again',
    visited: false,
    needs: 'nothing',
    run: async (stage) => {
      const { box, engine } = stage;
      const kept = await box.spaces.keys(BLOBS_BUCKET);
      const ended = await engine.up();
      await stage.learnKey();
      const imported = ended.operations.filter(({ kind }) => kind === 'import').length;
      const now = new Set(await box.spaces.keys(BLOBS_BUCKET));
      return about(ended, [
        // The recorder's is used as it is.
        ...(imported === 1 ? [] : [`${imported} Spaces were imported, not 1`]),
        ...missingOf(kept, now),
        ...(await serves(stage)),
      ]);
    },
  },
  { name: 'destroy-again', title: 'destroy', visited: false, needs: 'host', run: destroy },
];

/** Brings the stack up, and what stands around it: the key to log in with, a tape to bake. */
export async function bringUp(stage: Stage): Promise<Ended> {
  const ended = await stage.engine.up();
  if (ended.exitCode === 0) {
    await stage.learnKey();
    await bringTape(stage.box);
  }
  return ended;
}

async function bake({ box, host }: Stage): Promise<Came> {
  const slug = 'first-tape';
  const { status, text } = await box.ask('/bake', box.tape(slug));
  const missing = await calledBack(box, [slug]);
  const stored = await box.spaces.keys(BLOBS_BUCKET);
  const [reserved] = box.api.state.reserved.keys();
  const { client: operator } = box.cloud;
  const wanted = [
    ['the visitor at the address, 443', await reaches(box.visitor, reserved!, 443), false],
    ['the visitor at the host, 443', await reaches(box.visitor, host().address, 443), false],
    ['the visitor at the host, 22', await reaches(box.visitor, host().address, 22), false],
    ['the visitor at the edge, 443', await reaches(box.visitor, ADDRESSES.edge, 443), true],
    ['the operator at the host, 22', await reaches(operator, host().address, 22), true],
    ['the operator at the host, 443', await reaches(operator, host().address, 443), false],
  ] as const;
  const called = box.callbacks.of(slug);
  return {
    came: `${status}, baked, stored, called back`,
    problems: [
      ...(status === 202 ? [] : [`POST /bake: ${status} ${text}`]),
      ...missing.map(() => 'it was not called back'),
      ...(called && 'error' in called.body ? [`it failed: ${JSON.stringify(called.body.error)}`] : []),
      ...[`tapes/${slug}.mp4`, `tapes/${slug}-thumb.jpg`].flatMap((key) =>
        stored.includes(key) ? [] : [`${key} is not stored`],
      ),
      ...wanted.flatMap(([who, is, should]) =>
        is === should ? [] : [`${who}: ${is ? 'let in' : 'kept out'}`],
      ),
    ],
  };
}

/** Destroys the stack, and says what is left of it. */
export async function destroy({ engine, box }: Stage): Promise<Came> {
  const kept = await box.spaces.keys(BLOBS_BUCKET);
  const ended = await engine.destroy();
  await box.api.settled();
  const { droplets, balancers, reserved, firewalls, records, spacesKeys, checks, alerts } = box.api.state;
  const made = { droplets, balancers, reserved, firewalls, records, spacesKeys, checks, alerts };
  const left = Object.entries(made);
  const now = new Set(await box.spaces.keys(BLOBS_BUCKET));
  const came = about(ended, [
    ...left.flatMap(([what, { size }]) => (size === 0 ? [] : [`${size} ${what} are left`])),
    ...missingOf(kept, now),
    ...((await box.spaces.hasBucket(ART_BUCKET)) ? [] : [`${ART_BUCKET} is gone`]),
  ]);
  return { ...came, came: `${came.came}; ${now.size} objects kept` };
}

function missingOf(before: readonly string[], now: ReadonlySet<string>): readonly string[] {
  return before.filter((key) => !now.has(key)).map((key) => `${key} is gone`);
}

/** What an operation came to: that it failed is the first problem. */
export function about(ended: Ended, problems: readonly string[]): Came {
  const all = [...failures(ended), ...problems];
  return { came: tallyOf(changesOf(ended)), problems: all, seen: all.length > 0 ? ended.said : [] };
}

export function failures({ exitCode, said }: Ended): readonly string[] {
  return exitCode === 0 ? [] : [`it failed: ${said.slice(-3).join(' / ')}`];
}

export function none(changes: readonly Operation[], what: string): readonly string[] {
  return changes.length === 0
    ? []
    : [`${what}: ${changes.map((one) => `${one.kind} ${one.what}`).join(', ')}`];
}

export function onlyRelease(ended: Ended): readonly string[] {
  const others = changesOf(ended).filter(({ what }) => !RELEASE.has(what));
  return none(others, 'only the release was to change');
}

/** That a healthy release answers, and that it is the one the stack names. */
export async function serves({ box, engine }: Stage): Promise<readonly string[]> {
  const [seen, named] = [await releaseSeen(box), await engine.output('release')];
  return seen !== undefined && seen === named ? [] : [`/health names ${seen}, the stack ${named}`];
}
