import type { Context } from 'hono';

/** Something that takes its time: it is over when it was looked at often enough and its work is done. */
export interface Action {
  readonly id: number;
  readonly type: string;
  readonly resource: { readonly type: 'droplet' | 'reserved_ip'; readonly id: number };
  readonly region: string;
  readonly startedAt: Date;
  completedAt: Date | undefined;
  status: 'in-progress' | 'completed' | 'errored';
  /** How often it still looks unfinished, done or not; Infinity for one that never ends. */
  polls: number;
  /** Whether what stands behind it has done its part, or failed. */
  work: 'pending' | 'done' | 'failed';
}

/** Looks at an action, which may end it. No clock has part in it: who asks more often is not told anything earlier than its work is done. */
export function look(action: Action, now: Date): Action {
  if (action.status !== 'in-progress') return action;
  if (action.polls > 0) action.polls -= 1;
  else if (action.work !== 'pending') {
    action.status = action.work === 'done' ? 'completed' : 'errored';
    action.completedAt = now;
  }
  return action;
}

/**
 * Ends an action whose work is done, however seldom it was looked at: who comes back to change something after having been
 * interrupted has not looked, and time has passed. Gives whether it is still going on.
 */
export function isGoingOn(action: Action, now: Date): boolean {
  if (action.work !== 'pending' && action.polls !== Number.POSITIVE_INFINITY) {
    action.polls = 0;
    look(action, now);
  }
  return action.status === 'in-progress';
}

/** An action as DigitalOcean shows it. */
export function showAction(action: Action) {
  return {
    id: action.id,
    status: action.status,
    type: action.type,
    started_at: stamp(action.startedAt),
    completed_at: action.completedAt ? stamp(action.completedAt) : null,
    resource_id: action.resource.id,
    resource_type: action.resource.type,
    region_slug: action.region,
  };
}

/** Where an action that a call began can be looked at. */
export function linkTo(c: Context, { id }: Action, rel: string) {
  return { id, rel, href: new URL(`/v2/actions/${id}`, c.req.url).href };
}

/** DigitalOcean's way to write a time: seconds, in UTC. */
export function stamp(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
