import type { Document, Filter } from 'mongodb';
import type { Tape } from './tape.ts';

/** A field by which the site says that a document is no work for Oven, and the values of it that don't say so. */
interface Exclusion {
  readonly field: string;
  /** The condition of a query that finds what is not excluded. */
  readonly query: Document;
  /** The same of a value that was read. */
  readonly fits: (value: unknown) => boolean;
  /** What a tape is that is excluded. */
  readonly why: string;
  /** Whether nobody is to see such a tape. */
  readonly hides: boolean;
}

/** In a query, null stands for a field that isn't there, too. */
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

/** What is left alone whatever its status says. Every query for work has these conditions, and nothing else decides it. */
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

/** Documents that the functions made, or that were adopted for them. */
export const ADOPTED: Filter<Tape> = { 'oven.adoptedAt': { $ne: null } } as Filter<Tape>;

/** What is not excluded. */
export const NOT_EXCLUDED = Object.fromEntries(
  EXCLUSIONS.map(({ field, query }) => [field, query]),
) as Filter<Tape>;

/** What the functions may work on. */
export const ELIGIBLE = { ...ADOPTED, ...NOT_EXCLUDED } as Filter<Tape>;

/** Whether the functions made a document, or it was adopted for them. */
export function isAdopted({ oven }: Tape): boolean {
  return (oven?.adoptedAt ?? null) !== null;
}

/** What an excluded tape is ("private"); undefined for one that is not excluded. */
export function exclusionOf(tape: Tape): string | undefined {
  return EXCLUSIONS.find(({ field, fits }) => !fits(fieldOf(tape, field)))?.why;
}

/** Whether nobody is to see a tape, be it nuked or not. */
export function isHidden(tape: Tape): boolean {
  return EXCLUSIONS.some(
    ({ field, fits, hides }) => hides && field !== 'nuked' && !fits(fieldOf(tape, field)),
  );
}

/** What may be done with a tape: all, nothing but taking down what was published of it, or nothing. */
export function eligibility(tape: Tape): 'work' | 'nuked' | 'left-alone' {
  if (tape.nuked === true && (isAdopted(tape) || tape.oven?.purge !== undefined)) return 'nuked';
  return isAdopted(tape) && exclusionOf(tape) === undefined ? 'work' : 'left-alone';
}

function fieldOf(tape: Tape, field: string): unknown {
  return (tape as unknown as Readonly<Record<string, unknown>>)[field];
}
