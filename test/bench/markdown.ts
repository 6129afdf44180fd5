/** A table whose columns are aligned in the source, as prettier aligns them. */
export function markdown(head: string[], lines: string[][]): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...lines.map((line) => line[column].length)))
  const row = (cells: string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  return [row(head), row(widths.map((width) => '-'.repeat(width))), ...lines.map(row)].join('\n')
}
