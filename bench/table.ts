/** Renders a table in Markdown whose columns line up as plain text too: the first to the left, the others to the right. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const pad = (cells: readonly string[]) =>
    widths.map((width, column) => {
      const cell = cells[column] ?? '';
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(pad(head)), line(rule), ...rows.map((row) => line(pad(row)))].join('\n');
}

/** A number with `digits` digits after the point; a dash where nothing was measured, and ∞ for infinity. */
export function show(value: number | undefined, digits = 0): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  return Number.isFinite(value) ? value.toFixed(digits) : '∞';
}
