import type { Collection } from 'mongodb';
import { HttpError } from '../http.ts';
import { exclusionOf, isAdopted } from '../tapes/exclusions.ts';
import { ovenSlug, SLUG } from '../tapes/names.ts';
import { idOf, type Tape } from '../tapes/tape.ts';
import type { Zips } from '../zips.ts';
import { inFlight } from './in-flight.ts';

/** Statuses of documents without a video; `none` stands for a document from before there was a status. */
export const WITHOUT_VIDEO = ['none', 'pending', 'processing', 'failed', 'oven-failed', 'oven-processing'];

/** Which documents the operator asks for. */
export interface Wanted {
  /** Tapes from this moment on. */
  readonly since?: Date | undefined;
  readonly statuses: readonly string[];
  readonly limit: number;
  /** Also previews that the operator adopted before. */
  readonly publish: boolean;
}

/** A document that is left alone, and why. */
export interface LeftAlone {
  readonly mongoId: string;
  readonly code: string;
  readonly slug: string;
  readonly why: string;
}

export interface Selection {
  /** Newest first. */
  readonly chosen: readonly Tape[];
  readonly leftAlone: readonly LeftAlone[];
}

const SECONDS = 20;
const NO_ZIP = 'its ZIP is missing';
const BEYOND = 'it is beyond --limit';

/**
 * Finds the documents to adopt. It only reads: documents, and whether their ZIPs exist. Throws HttpError when the storage does not answer or
 * denies what a key needs, because then nothing is known of any ZIP.
 */
export async function select(
  { collection, zips }: { readonly collection: Collection<Tape>; readonly zips: Zips },
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Selection> {
  const leftAlone: LeftAlone[] = [];
  const leave = (tape: Tape, why: string) => {
    leftAlone.push({ mongoId: idOf(tape), code: tape.code, slug: tape.slug, why });
  };
  const possible: Tape[] = [];
  for await (const tape of collection.find().sort({ when: -1, _id: -1 })) {
    const why = reasonAgainst(tape, wanted);
    if (why === undefined) possible.push(tape);
    else leave(tape, why);
  }
  const found = new Map<Tape, string | undefined>();
  const count = () => [...found.values()].filter((why) => why === undefined).length;
  await inFlight(possible, 8, signal, async (tape) => {
    if (count() < wanted.limit) found.set(tape, await faultOfZip(zips, tape));
  });
  signal.throwIfAborted();
  const chosen: Tape[] = [];
  for (const tape of possible) {
    const why = found.has(tape) ? found.get(tape) : BEYOND;
    if (why !== undefined) leave(tape, why);
    else if (chosen.length < wanted.limit) chosen.push(tape);
    else leave(tape, BEYOND);
  }
  return { chosen, leftAlone };
}

/** Whether a document is a preview that the operator adopted before. */
export function isPreview({ oven }: Tape): boolean {
  return oven?.adoptedBy === 'operator' && oven.publish === false;
}

/** Why a document is not asked for, or may not be adopted; undefined for one that may. It does not look at the ZIP. */
export function reasonAgainst(tape: Tape, wanted: Wanted): string | undefined {
  const why = exclusionOf(tape);
  if (why !== undefined) return `it is ${why}`;
  const publishes = wanted.publish && isPreview(tape);
  if (isAdopted(tape) && !publishes) return 'it is adopted already';
  if (!SLUG.test(ovenSlug(tape))) return 'Oven takes no such slug';
  const { since, statuses } = wanted;
  if (since !== undefined && !(tape.when >= since)) return 'it is older than --since';
  const status = tape.mp4Status ?? 'none';
  return publishes || statuses.includes(status) ? undefined : `its status is ${status}`;
}

async function faultOfZip(zips: Zips, tape: Tape): Promise<string | undefined> {
  try {
    return (await zips.has(tape, AbortSignal.timeout(SECONDS * 1000))) ? undefined : NO_ZIP;
  } catch (error) {
    if (error instanceof HttpError && error.code === 'ZIP_TOO_LARGE') return 'its ZIP is too large';
    throw error;
  }
}
