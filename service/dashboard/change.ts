/** Compares two views of the dashboard: what an open page has to change, and what it announces. */
import { plural } from './markup.ts';
import type { Row } from './row.ts';
import { LIST_NAMES, type Lists, type View } from './view.ts';

/** What an open page needs to show the next view: the keys of each list in order, and the rows that differ. */
export interface Change {
  readonly headline: string;
  readonly busy: boolean;
  readonly trouble: string;
  /** Missing when they are unchanged. */
  readonly figures?: string;
  readonly lists: Readonly<
    Record<keyof Lists, { readonly keys: readonly string[]; readonly rows: Readonly<Record<string, string>> }>
  >;
  /** The sentence for screen readers; empty when no bake ended. */
  readonly announcement: string;
}

/** A view with each row's HTML, rendered once for all subscriptions. */
export interface Rendered {
  readonly view: View;
  readonly html: Readonly<Record<keyof Lists, ReadonlyMap<string, string>>>;
}

export function renderRows(view: View): Rendered {
  const html = (name: keyof Lists) =>
    new Map(view.lists[name].map((row) => [row.key, row.render(false).toString()]));
  return { view, html: { baking: html('baking'), tapes: html('tapes') } };
}

/** The change from `before` to `now`; undefined when nothing differs. Without `before` it is the whole view. */
export function changeBetween(before: Rendered | undefined, now: Rendered): Change | undefined {
  const { headline, busy, trouble = '' } = now.view;
  const figures = `${now.view.figures}`;
  const change: Change = {
    headline,
    busy,
    trouble,
    ...((before === undefined || `${before.view.figures}` !== figures) && { figures }),
    lists: { baking: listChange('baking', before, now), tapes: listChange('tapes', before, now) },
    announcement: before === undefined ? '' : describeEnded(before.view, now.view),
  };
  const isEqual =
    before !== undefined &&
    before.view.headline === headline &&
    (before.view.trouble ?? '') === trouble &&
    change.figures === undefined &&
    LIST_NAMES.every((name) => haveEqualRows(before.html[name], now.html[name]));
  return isEqual ? undefined : change;
}

function listChange(name: keyof Lists, before: Rendered | undefined, now: Rendered) {
  const rows = [...now.html[name]].filter(([key, html]) => before?.html[name].get(key) !== html);
  return { keys: [...now.html[name].keys()], rows: Object.fromEntries(rows) };
}

function haveEqualRows(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  const keys = [...b.keys()];
  return a.size === b.size && [...a].every(([key, html], n) => keys[n] === key && b.get(key) === html);
}

const MAX_SENTENCES = 2;

/** A sentence for each tape that ended between two views; more than two tapes share one sentence. */
export function describeEnded(before: View, now: View): string {
  const all = ({ lists }: View) => [...lists.baking, ...lists.tapes];
  const was = new Map(all(before).map((row) => [row.key, row.group]));
  const isNew = ({ key, endedAt = 0 }: Row) =>
    was.has(key) ? !isEnd(was.get(key)!) : endedAt > before.at && before.at > 0;
  const ended = all(now).filter((row) => isEnd(row.group) && isNew(row));
  if (ended.length <= MAX_SENTENCES) return ended.map(sentence).join(' ');
  const failed = ended.filter(({ group }) => group === 'failed').length;
  const done = ended.length - failed;
  return [done > 0 && `${plural(done, 'tape')} done.`, failed > 0 && `${plural(failed, 'tape')} failed.`]
    .filter(Boolean)
    .join(' ');
}

function sentence({ slug, group, code }: Row): string {
  return group === 'failed' ? `${slug} failed: ${code ?? 'unknown'}.` : `${slug} is done.`;
}

function isEnd(group: Row['group']): boolean {
  return group === 'done' || group === 'failed';
}
