import { type Change, changeBetween, type Rendered, renderRows } from './change.ts';
import { look, type Sources, type View, viewInTrouble } from './look.ts';

const FRESH_MS = 500;

/** One who looks on. At most one change is kept for him: if he is slow, the next one he gets is all of it. */
export interface Feed {
  /** The next change; undefined when there was none for `ms` milliseconds, or when the feed was closed. */
  next(ms: number): Promise<Change | undefined>;
  readonly closed: boolean;
  close(): void;
}

/** Looks at the service on behalf of everybody: once for all, and only while somebody looks on. */
export interface Watch {
  /** A view that is at most half a second old; of a queue that can't be reached, the last that was known. */
  view(): Promise<View>;
  /** Undefined when as many look on as may. */
  subscribe(): Feed | undefined;
  /** How many look on. */
  readonly size: number;
  /** Ends every feed and takes no other. */
  close(): void;
}

export interface WatchOptions {
  readonly maxFeeds: number;
  readonly pollMs: number;
}

export function openWatch(sources: Sources, { maxFeeds, pollMs }: WatchOptions): Watch {
  const feeds = new Set<OpenFeed>();
  let last: { readonly rendered: Rendered; readonly at: number } | undefined;
  let looking: Promise<Rendered> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const lookOnce = async (): Promise<Rendered> => {
    const view = await look(sources).catch(() => viewInTrouble(last?.rendered.view));
    const rendered = renderRows(view);
    const change = changeBetween(last?.rendered, rendered);
    last = { rendered, at: performance.now() };
    if (change) for (const feed of feeds) feed.tell(change);
    return rendered;
  };
  const now = (): Promise<Rendered> => {
    looking ??= lookOnce().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  // Asked for again only when the answer is there, so that a slow queue is not asked more and more.
  const poll = async (): Promise<void> => {
    await now();
    if (feeds.size === 0 || isClosed) timer = undefined;
    else timer = setTimeout(poll, pollMs);
  };

  return {
    view: async () => {
      if (last !== undefined && performance.now() - last.at < FRESH_MS) return last.rendered.view;
      return (await now()).view;
    },
    subscribe: () => {
      if (isClosed || feeds.size >= maxFeeds) return undefined;
      const all = async () => changeBetween(undefined, await freshOr(last, now))!;
      const feed = openFeed(all, () => feeds.delete(feed));
      feeds.add(feed);
      timer ??= setTimeout(poll, 0);
      return feed;
    },
    get size() {
      return feeds.size;
    },
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      for (const feed of feeds) feed.close();
    },
  };
}

interface OpenFeed extends Feed {
  tell(change: Change): void;
}

async function freshOr(
  last: { rendered: Rendered; at: number } | undefined,
  now: () => Promise<Rendered>,
): Promise<Rendered> {
  return last !== undefined && performance.now() - last.at < FRESH_MS ? last.rendered : now();
}

function openFeed(all: () => Promise<Change>, onClose: () => void): OpenFeed {
  let pending: Change | 'all' | undefined = 'all';
  let wake = () => {};
  let closed = false;
  return {
    async next(ms) {
      if (pending === undefined && !closed) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      if (closed || pending === undefined) return undefined;
      const change = pending;
      pending = undefined;
      if (change !== 'all') return change;
      const everything = await all();
      pending = undefined; // what was told while it was looked is in there
      return everything;
    },
    tell: (change) => {
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
