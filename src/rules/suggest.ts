/** No key or function is longer; comparing would only take time. */
const LONGEST = 60;

/** The candidate that `written` was probably meant to be: at most a third of its letters differ. */
function suggest(written: string, candidates: readonly string[]): string | undefined {
  if (written.length > LONGEST) {
    return undefined;
  }
  const wanted = written.toLowerCase();
  const [best] = candidates
    .map((candidate) => ({ candidate, distance: editDistance(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(candidate.length / 3)))
    .toSorted((a, b) => a.distance - b.distance);
  return best?.candidate;
}

/** ` Did you mean …?`, or nothing. */
export function hint(written: string, candidates: readonly string[]): string {
  const meant = suggest(written, candidates);
  return meant === undefined ? "" : ` Did you mean \`${meant}\`?`;
}

/** Letters to insert, drop or replace to get from one word to the other; two swapped neighbours count once. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const cell = (row: number, column: number) => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= a.length; row += 1) {
    rows.push([row]);
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      rows[row]?.push(
        Math.min(
          cell(row - 1, column) + 1,
          cell(row, column - 1) + 1,
          cell(row - 1, column - 1) + (same ? 0 : 1),
          swapped ? cell(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
  }
  return cell(a.length, b.length);
}
