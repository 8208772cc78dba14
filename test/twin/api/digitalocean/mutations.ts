/** A change of a JSON value in one place. */
export interface Mutation {
  /** Such as `inbound_rules.0.ports is empty`. */
  readonly what: string;
  /** The value with the change made, which leaves it as it was. */
  readonly change: (value: unknown) => unknown;
}

/** What can be put in the place of a value, by its type. */
const INSTEAD: Readonly<Record<string, readonly (readonly [what: string, value: unknown])[]>> = {
  string: [
    ['empty', ''],
    ['another', 'nobody'],
    ['two words', 'no body'],
    ['of 255 characters', 'x'.repeat(255)],
    ['of 256 characters', 'x'.repeat(256)],
    ['a number', 7],
    ['a list', []],
    ['null', null],
  ],
  number: [
    ['0', 0],
    ['negative', -1],
    ['a fraction', 0.5],
    ['text', '7'],
    ['a truth value', true],
    ['null', null],
  ],
  boolean: [
    ['the other', undefined],
    ['text', 'yes'],
    ['a number', 1],
    ['null', null],
  ],
  array: [
    ['empty', []],
    ['an object', {}],
    ['text', 'nobody'],
    ['of objects', [{}]],
    ['of numbers', [7]],
    ['of null', [null]],
    ['null', null],
  ],
  object: [
    ['empty', {}],
    ['a list', []],
    ['text', 'nobody'],
    ['null', null],
  ],
  null: [
    ['an object', {}],
    ['text', 'nobody'],
  ],
};

/**
 * Every change of a JSON value in one place: each member left out, and each replaced by values of its type and of others. Of a
 * list, the first item stands for all.
 */
export function mutations(value: unknown, at: readonly string[] = []): Mutation[] {
  const name = at.join('.') || 'the body';
  const here = (INSTEAD[typeOf(value)] ?? []).map(([what, instead]) => ({
    what: `${name} is ${what}`,
    change: (whole: unknown) =>
      replaced(whole, at, (old) => (typeof old === 'boolean' && instead === undefined ? !old : instead)),
  }));
  if (typeof value !== 'object' || value === null) return here;
  const members = Array.isArray(value) ? Object.entries(value).slice(0, 1) : Object.entries(value);
  const inner = members.flatMap(([key, member]) => [
    ...(Array.isArray(value)
      ? []
      : [
          {
            what: `${[...at, key].join('.')} is missing`,
            change: (whole: unknown) => replaced(whole, [...at, key], () => undefined),
          },
        ]),
    ...mutations(member, [...at, key]),
  ]);
  return [...here, ...inner];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function replaced(value: unknown, at: readonly string[], by: (old: unknown) => unknown): unknown {
  const [key, ...rest] = at;
  if (key === undefined) return by(value);
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest, by);
  // As JSON writes it: a member that is undefined is left out.
  return JSON.parse(JSON.stringify(copy));
}
