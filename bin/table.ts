// Tables for terminals: as wide as their contents, or as the terminal, whichever is less.

export interface Column<T> {
  readonly title: string;
  readonly of: (row: T) => string;
  /** Cut to make room, down to so many cells; any other column stays whole. */
  readonly shrinksTo?: number;
  /** Left out where the table is too wide without it. */
  readonly optional?: true;
}

const GAP = '  ';

/** Renders a title line and a line for each row, none wider than `width` cells. */
export function renderTable<T>(columns: readonly Column<T>[], rows: readonly T[], width: number): string {
  const fitting = layOut(columns, rows, width);
  const lines = [
    fitting.map(({ column }) => column.title),
    ...rows.map((row) => fitting.map(({ column }) => plain(column.of(row)))),
  ];
  return lines
    .map((cells) =>
      cells
        .map((cell, n) => pad(cut(cell, fitting[n]!.cells), fitting[n]!.cells))
        .join(GAP)
        .trimEnd(),
    )
    .map((line) => cut(line, width))
    .join('\n');
}

function layOut<T>(columns: readonly Column<T>[], rows: readonly T[], width: number) {
  const all = columns.map((column) => {
    const cells = Math.max(widthOf(column.title), ...rows.map((row) => widthOf(plain(column.of(row)))));
    return { column, cells };
  });
  const used = (some: typeof all, least: boolean) =>
    some.reduce(
      (sum, { column, cells }) => sum + (least ? Math.min(cells, column.shrinksTo ?? cells) : cells),
      0,
    ) +
    GAP.length * (some.length - 1);
  const kept = [...all];
  while (used(kept, true) > width) {
    const last = kept.findLastIndex(({ column }) => column.optional);
    if (last === -1) break;
    kept.splice(last, 1);
  }
  let excess = used(kept, false) - width;
  return kept.map(({ column, cells }) => {
    const spare = Math.max(0, Math.min(excess, cells - (column.shrinksTo ?? cells)));
    excess -= spare;
    return { column, cells: cells - spare };
  });
}

/** Cells of the terminal of `stream`; COLUMNS overrides it. Without a limit where the output goes to a file or a program. */
export function terminalWidth(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv = process.env): number {
  const asked = Number(env.COLUMNS);
  if (Number.isInteger(asked) && asked > 0) return Math.max(40, asked);
  return stream.isTTY ? Math.max(40, stream.columns || 80) : Number.POSITIVE_INFINITY;
}

/** Text without control characters, which could move the cursor: a message may name what a stranger's tape holds. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '?');
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** Cells that a text takes on a terminal. */
export function widthOf(text: string): number {
  let cells = 0;
  for (const character of text) cells += cellsOf(character);
  return cells;
}

function cellsOf(character: string): number {
  if (/\p{M}/u.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** A text of at most `width` cells; one that was cut ends in an ellipsis. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let [kept, cells] = ['', 0];
  for (const character of text) {
    cells += cellsOf(character);
    if (cells > width - 1) break;
    kept += character;
  }
  return `${kept.trimEnd()}…`;
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** Breaks a text at spaces into lines of at most `width` cells. */
export function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of plain(text).split(' ')) {
    const line = lines.at(-1)!;
    if (line === '' || widthOf(line) + 1 + widthOf(word) <= width)
      lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
