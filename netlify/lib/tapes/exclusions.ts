import type { Document, Filter } from 'mongodb';
import type { Tape } from './tape.ts';

/** A field that excludes a document from the functions' work, by its value. */
interface Exclusion {
  readonly field: string;
  /** The query's condition for values that do not exclude. */
  readonly query: Document;
  /** The same condition for a value of a document. */
  readonly fits: (value: unknown) => boolean;
  /** Ends the sentence "The tape is …". */
  readonly why: string;
  /** Whether the site hides such a tape. */
  readonly hides: boolean;
}

/** In a query, null also finds a missing field. */
const isOneOf = (...values: (string | boolean | null)[]) => ({
  query: { $in: values },
  fits: (value: unknown) => values.includes((value ?? null) as never),
});
const isNoneOf = (...values: string[]) => ({
  query: { $nin: values },
  fits: (value: unknown) => !values.includes(value as never),
});
const isNonEmptyText = {
  query: { $type: 'string', $ne: '' },
  fits: (value: unknown) => typeof value === 'string' && value !== '',
};

/** The only list of exclusions, whatever the status of a tape is. Every query for work has these conditions. */
export const EXCLUSIONS: readonly Exclusion[] = [
  { field: 'nuked', ...isOneOf(false, null), why: 'taken down', hides: true },
  { field: 'deleted', ...isOneOf(false, null), why: 'deleted', hides: true },
  { field: 'private', ...isOneOf(false, null), why: 'private', hides: true },
  { field: 'hidden', ...isOneOf(false, null), why: 'hidden', hides: true },
  { field: 'draft', ...isOneOf(false, null), why: 'a draft', hides: true },
  { field: 'status', ...isNoneOf('wip'), why: 'work in progress', hides: true },
  { field: 'visibility', ...isOneOf('public', null), why: 'not public', hides: true },
  { field: 'kind', ...isOneOf('zip', null), why: 'no ZIP but a video already', hides: false },
  { field: 'source', ...isNoneOf('ac-native'), why: 'no ZIP but a video already', hides: false },
  { field: 'slug', ...isNonEmptyText, why: 'without a slug', hides: false },
];

/** Finds documents that the functions made or a user let them adopt. */
export const ADOPTED: Filter<Tape> = { 'oven.adoptedAt': { $ne: null } } as Filter<Tape>;

/** Finds documents that nothing excludes. */
export const NOT_EXCLUDED = Object.fromEntries(
  EXCLUSIONS.map(({ field, query }) => [field, query]),
) as Filter<Tape>;

/** Finds documents that the functions may work on. */
export const ELIGIBLE = { ...ADOPTED, ...NOT_EXCLUDED } as Filter<Tape>;

/** Whether the functions made a document or adopted it. */
export function isAdopted({ oven }: Tape): boolean {
  return (oven?.adoptedAt ?? null) !== null;
}

/** Why a tape is excluded, such as "private"; undefined for a tape that is not. */
export function exclusionOf(tape: Tape): string | undefined {
  return EXCLUSIONS.find(({ field, fits }) => !fits(fieldOf(tape, field)))?.why;
}

/** Whether the site hides a tape, apart from a nuke. */
export function isHidden(tape: Tape): boolean {
  return EXCLUSIONS.some(
    ({ field, fits, hides }) => hides && field !== 'nuked' && !fits(fieldOf(tape, field)),
  );
}

/** The work that a tape allows: all of it, only the purge of a nuked tape, or none. */
export function eligibility(tape: Tape): 'work' | 'nuked' | 'left-alone' {
  if (tape.nuked === true && (isAdopted(tape) || tape.oven?.purge !== undefined)) return 'nuked';
  return isAdopted(tape) && exclusionOf(tape) === undefined ? 'work' : 'left-alone';
}

function fieldOf(tape: Tape, field: string): unknown {
  return (tape as unknown as Readonly<Record<string, unknown>>)[field];
}
