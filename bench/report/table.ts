/** Tables of text: for the terminal in 80 columns, and the rows of the HTML page. Pure. */

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  /** The first cell names the row; the others are figures. */
  readonly rows: readonly (readonly string[])[];
}

const WIDTH_MAX = 80;
const GAP = 2;

/** Lines of at most 80 characters, broken at blanks. */
export function wrapText(text: string): string {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1) as string;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= WIDTH_MAX)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}

/** The table as lines. Names stand left, figures right; no line is padded at its end. */
export function tableText({ title, columns, rows }: Table): string {
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const cellsWidth = widths.reduce((sum, width) => sum + width, 0);
  const isWide = cellsWidth + GAP * (widths.length - 1) > WIDTH_MAX;
  const gap = ' '.repeat(isWide ? GAP - 1 : GAP);
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, index) =>
        index === 0 ? (cells[index] ?? '').padEnd(width) : (cells[index] ?? '').padStart(width),
      )
      .join(gap)
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('─'.repeat(gap.length));
  return [title, line(columns), rule, ...rows.map(line)].join('\n');
}
