/** Refreshes the dashboard's view once for all open pages, and hands each page the changes. */
import { waitAtMost } from '../lib/deadline.ts';
import { type Change, changeBetween, type Rendered, renderRows } from './change.ts';
import { loadView, type Sources, unreachableView, type View } from './view.ts';

const FRESH_MS = 500;

/** The changes for one open page. It keeps at most one change: a slow page gets the whole view instead of several. */
export interface Subscription {
  /** The next change; undefined after `ms` milliseconds without one, and when the subscription is closed. */
  next(ms: number): Promise<Change | undefined>;
  readonly closed: boolean;
  close(): void;
}

/** Refreshes the view once for all subscriptions, and only while there are any. */
export interface Broadcaster {
  /** A view that is at most half a second old. When the queue does not answer, the last known one with its trouble. */
  view(): Promise<View>;
  /** Undefined when `maxSubscriptions` are open, or the visitor has its share of them. Without a visitor it counts for nobody. */
  subscribe(visitor?: string): Subscription | undefined;
  /** Whether a visitor has as many subscriptions as one may have. */
  hasShare(visitor: string | undefined): boolean;
  /** The number of subscriptions. */
  readonly size: number;
  /** Closes every subscription and takes no other. */
  close(): void;
}

export interface BroadcasterOptions {
  readonly maxSubscriptions: number;
  /** Subscriptions of one visitor. */
  readonly maxShare: number;
  readonly pollMs: number;
}

export function openBroadcaster(
  sources: Sources,
  { maxSubscriptions, maxShare, pollMs }: BroadcasterOptions,
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
  // The next refresh is scheduled after the answer, so that a slow queue does not collect questions.
  const poll = async (): Promise<void> => {
    await refresh();
    if (subscriptions.size === 0 || isClosed) timer = undefined;
    else timer = setTimeout(poll, pollMs);
  };

  const current = async (): Promise<Rendered> =>
    last !== undefined && performance.now() - last.at < FRESH_MS ? last.rendered : refresh();

  const hasShare = (visitor: string | undefined): boolean =>
    visitor !== undefined && [...subscriptions].filter((one) => one.visitor === visitor).length >= maxShare;

  return {
    hasShare,
    view: async () => (await current()).view,
    subscribe: (visitor) => {
      if (isClosed || subscriptions.size >= maxSubscriptions || hasShare(visitor)) return undefined;
      const wholeView = async () => changeBetween(undefined, await current())!;
      const subscription = openSubscription(visitor, wholeView, () => subscriptions.delete(subscription));
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
  readonly visitor: string | undefined;
  push(change: Change): void;
}

function openSubscription(
  visitor: string | undefined,
  wholeView: () => Promise<Change>,
  onClose: () => void,
): OpenSubscription {
  let pending: Change | 'whole view' | undefined = 'whole view';
  let wake = () => {};
  let closed = false;
  return {
    visitor,
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
      if (change !== 'whole view') return change;
      const whole = await wholeView();
      pending = undefined; // a change that came meanwhile is in it
      return whole;
    },
    push: (change) => {
      pending = pending === undefined ? change : 'whole view';
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
