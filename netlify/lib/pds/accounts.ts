import type { Db } from 'mongodb';

/** A login at the PDS: a handle or DID, and the password. */
export interface Account {
  readonly identifier: string;
  readonly password: string;
}

/** Finds the account of a tape's record; undefined when its user has none. */
export type Accounts = (user: string | null | undefined) => Promise<Account | undefined>;

interface User {
  readonly _id: string;
  readonly atproto?: { readonly did?: string; readonly password?: string };
}

/** The document of the account that all guests share, in `users`. */
const GUESTS = 'art-guest';

/**
 * Accounts come from the collection `users`: `_id` is the subject, `atproto` has did and password. All guests share `guest`, or the site's own
 * account for them.
 */
export function openAccounts(db: Db, guest: Account | undefined): Accounts {
  return async (user) => {
    if (!user && guest) return guest;
    const _id = user || GUESTS;
    const found = await db.collection<User>('users').findOne({ _id }, { projection: { atproto: 1 } });
    const { did, password } = found?.atproto ?? {};
    return did && password ? { identifier: did, password } : undefined;
  };
}
