/** Text that fits a terminal of 80 columns. */

export const COLUMNS = 80;

/** Cuts what does not fit. */
export function clip(text: string, columns: number = COLUMNS): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`;
}

/** A number and its unit stay on one line. */
const BREAKS = / (?!%|ms\b|× )/;

/** Breaks between words; a word that is longer than a line has one of its own. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(BREAKS)) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

const NAME_COLUMNS = 11;

/** A name and its value, the value's further lines under its first. */
export function field(name: string, value: string): string[] {
  const indent = NAME_COLUMNS + 2;
  return wrap(value, COLUMNS - indent).map((line, index) =>
    clip(`  ${(index === 0 ? name : '').padEnd(NAME_COLUMNS)}${line}`),
  );
}

/** A bar for a share in [0, 1]. */
export function bar(share: number, columns: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * columns);
  return `[${'#'.repeat(full)}${'-'.repeat(columns - full)}]`;
}
