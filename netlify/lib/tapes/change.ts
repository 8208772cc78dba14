import type { UpdateFilter } from 'mongodb';
import type { Changes } from './store.ts';
import type { Tape } from './tape.ts';

/** An update that sets what has a value and takes away what is undefined. */
export function change(changes: Changes): UpdateFilter<Tape> {
  const entries = Object.entries(changes);
  const set = Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  const unset = Object.fromEntries(
    entries.filter(([, value]) => value === undefined).map(([key]) => [key, '']),
  );
  return {
    ...(Object.keys(set).length > 0 && { $set: set }),
    ...(Object.keys(unset).length > 0 && { $unset: unset }),
  } as UpdateFilter<Tape>;
}

/** Changes of fields below `name`. */
export function under(name: string, fields: object): Changes {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [`${name}.${key}`, value]));
}
