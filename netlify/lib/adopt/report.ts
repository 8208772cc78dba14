import type { Config } from '../config.ts';
import { bakeRequestOf } from '../submit.ts';
import type { Tape } from '../tapes/tape.ts';
import type { LeftAlone } from './select.ts';

/** How many documents are adopted, and how many are left alone for which reason. */
export function renderReport(chosen: number, leftAlone: readonly LeftAlone[]): string {
  const reasons = Map.groupBy(leftAlone, ({ why }) => why);
  const rows = [...reasons].map(([why, all]) => [all.length, why] as const).sort(([a], [b]) => b - a);
  const total = chosen + leftAlone.length;
  const width = String(total).length;
  const row = ([count, why]: readonly [number, string]) => `  ${String(count).padStart(width)} ${why}`;
  return [`${total} documents: ${chosen} to adopt, ${leftAlone.length} left alone`, ...rows.map(row)].join(
    '\n',
  );
}

/** A line of a list for `oven rebake --list`. */
export function toListLine(config: Config, tape: Tape): string {
  const { mongoId, slug, zipUrl, code, metadata, outputName, replaces } = bakeRequestOf(config, tape);
  const callbackUrl = config.callbackUrl;
  return JSON.stringify({ mongoId, slug, zipUrl, callbackUrl, code, metadata, outputName, replaces });
}
