import { adoptAll } from '../../../netlify/lib/adopt/adopt.ts';
import { renderReport } from '../../../netlify/lib/adopt/report.ts';
import { type Selection, select, WITHOUT_VIDEO } from '../../../netlify/lib/adopt/select.ts';
import { undoAll } from '../../../netlify/lib/adopt/undo.ts';
import { idOf, type Tape } from '../../../netlify/lib/tapes/tape.ts';
import { addAll, published } from '../kinds/collection.ts';
import { callbackOf, someMp4, type World } from '../rig/world.ts';

/** Everything that the site has, by the name of each object. */
interface Site {
  readonly documents: ReadonlyMap<string, Tape>;
  /** Of the PDS: the content identifier by uri. */
  readonly records: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** What a step changed against the site before it. */
export interface Row {
  readonly step: string;
  readonly documents: number;
  readonly unwantedPublications: number;
  readonly lostLinks: number;
  readonly changedNotAskedFor: number;
}

const NEVER = new AbortController().signal;

/**
 * Rehearses a site's migration with so many `copies` of every kind of document, with the files of the older oven in the bucket: inventory,
 * adoption, a scheduled run, and back. Everything is compared after each step. A stand-in for Oven accepts each tape and calls back.
 */
export async function rehearse(world: World, copies: number) {
  const places = { blobs: `${world.storage.url}/blobs`, user: `${world.storage.url}/user` };
  await world.tapes.deleteMany({});
  for (let copy = 0; copy < copies; copy += 1) await addAll(world, places, new Uint8Array(100));
  for await (const { mp4Url, thumbnailUrl } of world.tapes.find()) {
    for (const url of [mp4Url, thumbnailUrl].filter((each) => each?.startsWith(places.blobs))) {
      world.storage.files.set(new URL(url!).pathname, { bytes: someMp4(500) });
    }
  }
  const answers: Promise<unknown>[] = [];
  world.oven.answer = () => {
    answers.push(callBack(world, world.oven.orders.at(-1) as unknown as Order));
    return { status: 202, body: { jobId: 'job-1' } };
  };
  const before = await look(world);
  const rows: Row[] = [];
  const compare = async (step: string, asked: ReadonlySet<string>) => {
    rows.push(differences(step, before, await look(world), asked));
  };

  const wanted = { statuses: WITHOUT_VIDEO, limit: Number.POSITIVE_INFINITY, publish: false };
  const { zips } = world.services;
  const selection: Selection = await select({ collection: world.tapes, zips }, wanted, NEVER);
  await compare('inventory (dry run)', new Set());
  await world.retry();
  await compare('the functions are switched on', new Set());
  const asked = new Set(selection.chosen.map(idOf));
  const outcomes = new Map<string, number>();
  const onDone = (_tape: Tape, outcome: string) =>
    void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  await adoptAll(world.services, selection.chosen, { publish: false, count: 10, signal: NEVER, onDone });
  await Promise.all(answers);
  await compare('adopted and baked', asked);
  await world.retry();
  await compare('watched: a scheduled run', asked);
  await undoAll(world.tapes, NEVER);
  await compare('back', new Set());
  const report = renderReport(selection.chosen.length, selection.leftAlone);
  return { rows, report, outcomes, total: before.documents.size, orders: world.oven.orders.length };
}

interface Order {
  readonly mongoId: string;
  readonly slug: string;
  readonly code: string;
  readonly outputName?: 'code';
  readonly publish?: false;
}

/** What Oven does after it has baked. */
async function callBack(world: World, { mongoId, slug, code, outputName, publish }: Order): Promise<void> {
  const said = callbackOf(world, mongoId, outputName === undefined ? slug : code, someMp4(500));
  const body = { ...said, slug, ...(publish === false && { publish }) };
  await world.deliver(body, { id: `callback-${mongoId}` });
}

async function look(world: World): Promise<Site> {
  const documents = await world.tapes.find().toArray();
  return {
    documents: new Map(documents.map((tape) => [idOf(tape), tape])),
    records: await published(world),
    files: new Map([...world.storage.files].map(([path, { bytes }]) => [path, bytes])),
  };
}

function differences(step: string, before: Site, after: Site, asked: ReadonlySet<string>): Row {
  const text = (value: unknown) => JSON.stringify(value);
  const ids = [...new Set([...before.documents.keys(), ...after.documents.keys()])];
  const changed = ids.filter((id) => text(before.documents.get(id)) !== text(after.documents.get(id)));
  const isThere = (url: string) => after.files.has(decodeURIComponent(new URL(url).pathname));
  const wasThere = (url: string) => before.files.has(decodeURIComponent(new URL(url).pathname));
  const lost = [...before.documents].filter(([id, { mp4Url }]) => {
    const now = after.documents.get(id)?.mp4Url;
    return mp4Url != null && (now == null || (wasThere(mp4Url) && !isThere(now)));
  });
  const records = [...new Set([...before.records.keys(), ...after.records.keys()])];
  const files = [...before.files].filter(([path, bytes]) => after.files.get(path) !== bytes);
  return {
    step,
    documents: changed.length,
    unwantedPublications: records.filter((uri) => before.records.get(uri) !== after.records.get(uri)).length,
    lostLinks: lost.length,
    changedNotAskedFor: changed.filter((id) => !asked.has(id)).length + files.length,
  };
}
