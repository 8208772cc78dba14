import type { View } from './load-view.ts';
import { plural } from './markup.ts';
import { LIST_NAMES, type Lists } from './view/page.ts';
import type { Row } from './view/row.ts';

/** What a page needs to get from one view to the next; all keys of a list in their order, and the rows that differ. */
export interface Change {
  readonly headline: string;
  readonly busy: boolean;
  readonly trouble: string;
  /** Left out when it is as before. */
  readonly figures?: string;
  readonly lists: Readonly<
    Record<keyof Lists, { readonly keys: readonly string[]; readonly rows: Readonly<Record<string, string>> }>
  >;
  /** For those who hear the page instead of seeing it; empty when nothing ended. */
  readonly announcement: string;
}

/** Views with each row's HTML, made once for all who look. */
export interface Rendered {
  readonly view: View;
  readonly html: Readonly<Record<keyof Lists, ReadonlyMap<string, string>>>;
}

export function renderRows(view: View): Rendered {
  const html = (name: keyof Lists) =>
    new Map(view.lists[name].map((row) => [row.key, row.render(false).toString()]));
  return { view, html: { baking: html('baking'), tapes: html('tapes') } };
}

/** The change from `before` (nothing: all of it) to `now`; undefined when nothing differs. */
export function changeBetween(before: Rendered | undefined, now: Rendered): Change | undefined {
  const { headline, busy, trouble = '' } = now.view;
  const figures = `${now.view.figures}`;
  const change: Change = {
    ...{ headline, busy, trouble },
    ...((before === undefined || `${before.view.figures}` !== figures) && { figures }),
    lists: { baking: listChange('baking', before, now), tapes: listChange('tapes', before, now) },
    announcement: before === undefined ? '' : describeEnded(before.view, now.view),
  };
  const same =
    before !== undefined &&
    before.view.headline === headline &&
    (before.view.trouble ?? '') === trouble &&
    change.figures === undefined &&
    LIST_NAMES.every((name) => isSame(before.html[name], now.html[name]));
  return same ? undefined : change;
}

function listChange(name: keyof Lists, before: Rendered | undefined, now: Rendered) {
  const rows = [...now.html[name]].filter(([key, html]) => before?.html[name].get(key) !== html);
  return { keys: [...now.html[name].keys()], rows: Object.fromEntries(rows) };
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  const keys = [...b.keys()];
  return a.size === b.size && [...a].every(([key, html], n) => keys[n] === key && b.get(key) === html);
}

const MAX_SAID = 2;

/** One sentence for each tape that ended between two views, or one for all when there are many. */
export function describeEnded(before: View, now: View): string {
  const all = ({ lists }: View) => [...lists.baking, ...lists.tapes];
  const was = new Map(all(before).map((row) => [row.key, row.group]));
  const isNew = ({ key, endedAt = 0 }: Row) =>
    was.has(key) ? !isEnd(was.get(key)!) : endedAt > before.at && before.at > 0;
  const ended = all(now).filter((row) => isEnd(row.group) && isNew(row));
  if (ended.length <= MAX_SAID) return ended.map(sentence).join(' ');
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
