import type { Context } from 'hono';
import { type Action, isGoingOn, look } from './actions.ts';
import type { Authority } from './cloudflare/authority.ts';
import { balancersOf, guardsOf, namesOf } from './guards.ts';
import type { Hardware, SpacesAccess } from './hardware.ts';
import { Refusal } from './refusal.ts';
import { State, type Zone } from './state.ts';

/** What requests carry along. */
export interface Env {
  readonly Variables: {
    /** What the call did, in words for the log. */
    did: string;
    /** How often an action that this call begins looks unfinished. */
    polls: number;
  };
}

export interface WorldOptions {
  readonly zone: Zone;
  readonly hardware: Hardware;
  readonly spaces: SpacesAccess;
  readonly authority: Authority;
  /** Addresses that may be mailed to; without it, any. */
  readonly emails: readonly string[] | undefined;
  /** Called with what goes wrong behind the APIs, after they have answered. */
  readonly trouble: (what: string) => void;
}

/** What all routes share: what exists, and the hands that carry it out. */
export class World {
  readonly state: State;
  readonly hardware: Hardware;
  readonly spaces: SpacesAccess;
  readonly authority: Authority;
  readonly emails: readonly string[] | undefined;
  readonly #trouble: (what: string) => void;
  #last: Promise<unknown> = Promise.resolve();
  readonly #under = new Set<Promise<unknown>>();

  constructor({ zone, hardware, spaces, authority, emails, trouble }: WorldOptions) {
    this.state = new State(zone);
    this.hardware = hardware;
    this.spaces = spaces;
    this.authority = authority;
    this.emails = emails;
    this.#trouble = trouble;
  }

  now(): Date {
    return new Date();
  }

  /** Makes load balancers and firewalls as they are declared now. Firewalls may name balancers, so these are made first. */
  guard(): Promise<void> {
    return this.#oneAfterAnother(async () => {
      const placed = await this.hardware.balance(balancersOf(this.state));
      for (const [id, place] of placed) Object.assign(this.state.balancers.get(id) ?? {}, place);
      await this.hardware.guard(guardsOf(this.state));
    });
  }

  /** Makes the zone's names as they are declared now. */
  name(): Promise<void> {
    return this.#oneAfterAnother(() => this.hardware.name(namesOf(this.state)));
  }

  point(reserved: string, dropletId: number | undefined): Promise<void> {
    return this.#oneAfterAnother(() => this.hardware.point(reserved, dropletId));
  }

  /** Begins an action and what it stands for. It is under way when this returns. */
  begin(
    c: Context<Env>,
    { type, resource, region }: Pick<Action, 'type' | 'resource' | 'region'>,
    work: () => Promise<void>,
  ): Action {
    const action: Action = {
      id: this.state.nextNumber(),
      type,
      resource,
      region,
      startedAt: this.now(),
      completedAt: undefined,
      status: 'in-progress',
      polls: c.get('polls'),
      work: 'pending',
    };
    this.state.actions.set(action.id, action);
    this.background(`${type} of ${resource.type} ${resource.id}`, async () => {
      try {
        await work();
        action.work = 'done';
      } catch (error) {
        action.work = 'failed';
        throw error;
      }
    });
    return action;
  }

  /** Does something that no request waits for. */
  background(what: string, work: () => Promise<void>): void {
    const done = work()
      .catch((error: unknown) => this.#trouble(`${what} failed: ${String(error)}`))
      .finally(() => this.#under.delete(done));
    this.#under.add(done);
  }

  /** Resolves when the hardware has nothing left to do. */
  async settled(): Promise<void> {
    while (this.#under.size > 0) await Promise.all(this.#under);
    await this.#last;
  }

  look(action: Action): Action {
    return look(action, this.now());
  }

  isGoingOn(action: Action): boolean {
    return isGoingOn(action, this.now());
  }

  /** Lets actions that never end come to one. */
  endActions(): void {
    for (const action of this.state.actions.values()) {
      if (action.polls === Number.POSITIVE_INFINITY) action.polls = 0;
    }
  }

  /** Refuses e-mail addresses that are not verified. */
  checkEmails(emails: readonly string[]): void {
    const unknown = this.emails && emails.find((email) => !this.emails?.includes(email));
    if (unknown) throw new Refusal(422, `email ${unknown} is not verified in this team`);
  }

  #oneAfterAnother(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}
