import { waitAtMost } from '../lib/deadline.ts';
import { type Change, changeBetween, type Rendered, renderRows } from './change.ts';
import { loadView, type Sources, unreachableView, type View } from './load-view.ts';

const FRESH_MS = 500;

/** One who looks on. At most one change is kept for him: if he is slow, the next one he gets is all of it. */
export interface Subscription {
  /** The next change; undefined when there was none for `ms` milliseconds, or when the feed was closed. */
  next(ms: number): Promise<Change | undefined>;
  readonly closed: boolean;
  close(): void;
}

/** Looks at the service on behalf of everybody: once for all, and only while somebody looks on. */
export interface Broadcaster {
  /** A view that is at most half a second old; of a queue that can't be reached, the last that was known. */
  view(): Promise<View>;
  /** Undefined when as many look on as may. */
  subscribe(): Subscription | undefined;
  /** How many look on. */
  readonly size: number;
  /** Ends every feed and takes no other. */
  close(): void;
}

export interface BroadcasterOptions {
  readonly maxSubscriptions: number;
  readonly pollMs: number;
}

export function openBroadcaster(
  sources: Sources,
  { maxSubscriptions, pollMs }: BroadcasterOptions,
): Broadcaster {
  const subscriptions = new Set<OpenSubscription>();
  let last: { readonly rendered: Rendered; readonly at: number } | undefined;
  let refreshing: Promise<Rendered> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const refreshOnce = async (): Promise<Rendered> => {
    const view = await loadView(sources).catch(() => unreachableView(last?.rendered.view));
    const rendered = renderRows(view);
    const change = changeBetween(last?.rendered, rendered);
    last = { rendered, at: performance.now() };
    if (change) for (const subscription of subscriptions) subscription.push(change);
    return rendered;
  };
  const refresh = (): Promise<Rendered> => {
    refreshing ??= refreshOnce().finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  };
  // Asked for again only when the answer is there, so that a slow queue is not asked more and more.
  const poll = async (): Promise<void> => {
    await refresh();
    if (subscriptions.size === 0 || isClosed) timer = undefined;
    else timer = setTimeout(poll, pollMs);
  };

  return {
    view: async () => {
      if (last !== undefined && performance.now() - last.at < FRESH_MS) return last.rendered.view;
      return (await refresh()).view;
    },
    subscribe: () => {
      if (isClosed || subscriptions.size >= maxSubscriptions) return undefined;
      const all = async () => changeBetween(undefined, await freshOr(last, refresh))!;
      const subscription = openSubscription(all, () => subscriptions.delete(subscription));
      subscriptions.add(subscription);
      timer ??= setTimeout(poll, 0);
      return subscription;
    },
    get size() {
      return subscriptions.size;
    },
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      for (const subscription of subscriptions) subscription.close();
    },
  };
}

interface OpenSubscription extends Subscription {
  push(change: Change): void;
}

async function freshOr(
  last: { rendered: Rendered; at: number } | undefined,
  refresh: () => Promise<Rendered>,
): Promise<Rendered> {
  return last !== undefined && performance.now() - last.at < FRESH_MS ? last.rendered : refresh();
}

function openSubscription(all: () => Promise<Change>, onClose: () => void): OpenSubscription {
  let pending: Change | 'all' | undefined = 'all';
  let wake = () => {};
  let closed = false;
  return {
    async next(ms) {
      if (pending === undefined && !closed) {
        const news = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await waitAtMost(ms, news, () => {});
      }
      if (closed || pending === undefined) return undefined;
      const change = pending;
      pending = undefined;
      if (change !== 'all') return change;
      const everything = await all();
      pending = undefined; // what was told while it was looked is in there
      return everything;
    },
    push: (change) => {
      pending = pending === undefined ? change : 'all';
      wake();
    },
    get closed() {
      return closed;
    },
    close: () => {
      closed = true;
      onClose();
      wake();
    },
  };
}
