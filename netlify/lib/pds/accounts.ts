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

/** Users' accounts come from the collection `users`: `_id` is the subject, `atproto` has did and password. All guests share `guest`. */
export function openAccounts(db: Db, guest: Account | undefined): Accounts {
  return async (user) => {
    if (!user) return guest;
    const found = await db.collection<User>('users').findOne({ _id: user }, { projection: { atproto: 1 } });
    const { did, password } = found?.atproto ?? {};
    return did && password ? { identifier: did, password } : undefined;
  };
}
