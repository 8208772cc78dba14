import type { WithId } from 'mongodb';
import { ObjectId } from 'mongodb';
import type { Blob, Tape } from '../../../netlify/lib/tapes/tape.ts';
import { someMp4, USER, type World } from '../rig/world.ts';
import { KINDS, type Kind, type Places } from './kinds.ts';

/** A document of a kind, as it is in the collection. */
export interface Old {
  readonly kind: Kind;
  readonly code: string;
  readonly slug: string;
  readonly id: ObjectId;
  /** The path of its upload below the storage. */
  readonly path: string;
}

let batches = 0;

/** Fills an empty collection with one document of every kind, with uploads and records as the site has them. */
export async function fill(world: World, places: Places, zip: Uint8Array): Promise<Old[]> {
  await world.tapes.deleteMany({});
  return addAll(world, places, zip);
}

/** Adds one document of every kind. */
export async function addAll(world: World, places: Places, zip: Uint8Array): Promise<Old[]> {
  batches += 1;
  const blobs = { guest: await someBlob(world, 'guest'), user: await someBlob(world, 'user') };
  const all: Old[] = [];
  for (const [index, kind] of KINDS.entries()) {
    all.push(await add(world, places, { kind, index, zip, blob: blobs[kind.of] }));
  }
  return all;
}

interface Adding {
  readonly kind: Kind;
  readonly index: number;
  readonly zip: Uint8Array;
  readonly blob: Blob;
}

async function add(world: World, places: Places, { kind, index, zip, blob }: Adding): Promise<Old> {
  const isUser = kind.of === 'user';
  const number = String(index).padStart(3, '0');
  const usual = isUser ? `2026.03.01.10.00.0${batches}.${number}` : `guest${batches}${number}`;
  const slug = kind.slug?.(usual) ?? usual;
  const code = `k${batches}${number}`;
  const id = new ObjectId();
  const bare = slug.slice(slug.lastIndexOf('/') + 1);
  const path = `${isUser ? `/user/${USER}` : '/art'}/${bare}.${kind.upload}`;
  world.storage.files.set(path, { bytes: kind.upload === 'zip' ? zip : someMp4(3000) });
  const fields = kind.fields(places, { code, slug: bare }) as Partial<Tape>;
  if (fields.mp4Url?.includes('/recovered/')) {
    world.storage.files.set(`/user/recovered/${code}.mp4`, { bytes: someMp4(3000) });
  }
  const tape = {
    _id: id,
    code,
    slug,
    when: new Date(Date.UTC(2026, 2, 1, 10, 0, index)),
    ...(kind.name !== 'recovered by a script' && {
      bucket: isUser ? 'user-aesthetic-computer' : 'art-aesthetic-computer',
    }),
    ...(isUser && { user: USER }),
    ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
  } as WithId<Tape>;
  const at = kind.record && (await publish(world, tape, blob));
  await world.tapes.insertOne({
    ...tape,
    ...(at && (kind.record === 'at' ? { at } : { atproto: { rkey: at.rkey } })),
  });
  return { kind, code, slug, id, path };
}

const NEVER = new AbortController().signal;

function accountOf(world: World, of: Kind['of']) {
  const { did, password } = world[of];
  return { identifier: did, password };
}

function someBlob(world: World, of: Kind['of']): Promise<Blob> {
  return world.services.pds.upload(accountOf(world, of), someMp4(3000), NEVER);
}

/** Gives a tape a record, as the site did. */
function publish(world: World, tape: WithId<Tape>, blob: Blob) {
  const account = accountOf(world, tape.user === undefined ? 'guest' : 'user');
  return world.services.pds.put(account, tape, blob, NEVER);
}

/** All documents by their kind's name. */
export async function read(world: World, all: readonly Old[]): Promise<Map<string, WithId<Tape>>> {
  const tapes = await world.tapes.find().toArray();
  const byId = new Map(tapes.map((tape) => [tape._id.toHexString(), tape]));
  return new Map(all.map(({ kind, id }) => [kind.name, byId.get(id.toHexString()) as WithId<Tape>]));
}

/** Names of the kinds whose documents differ. */
export function changed(before: Map<string, unknown>, after: Map<string, unknown>): string[] {
  const text = (value: unknown) => JSON.stringify(value);
  return [...before.keys()].filter((name) => text(before.get(name)) !== text(after.get(name)));
}

/** Everything that is public in the PDS, by uri. */
export async function published({ guest, pds, user }: World): Promise<Map<string, string>> {
  const all = await Promise.all([guest, user].map(({ did }) => pds.records(did)));
  return new Map(all.flat().map(({ uri, cid }) => [uri, cid]));
}
