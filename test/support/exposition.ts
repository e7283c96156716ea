/** One sample of a history: `at` is epoch ms. */
export interface Point {
  readonly at: number;
  readonly value: number;
}

export interface History {
  /** A counter's name ends in `_total`; everything else is written as a gauge. */
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly points: readonly Point[];
}

/** Histories as OpenMetrics text with timestamps, for `startPrometheus({ backfill })`. */
export function openMetrics(histories: readonly History[]): string {
  const lines: string[] = [];
  const families = Map.groupBy(histories, ({ name }) => name.replace(/_total$/u, ""));
  for (const [family, members] of families) {
    const counter = members.some(({ name }) => name !== family);
    lines.push(`# TYPE ${family} ${counter ? "counter" : "gauge"}`);
    for (const { name, labels = {}, points } of members) {
      for (const { at, value } of points) {
        lines.push(`${name}${labelSet(labels)} ${spell(value)} ${(at / 1000).toFixed(3)}`);
      }
    }
  }
  return `${lines.join("\n")}\n# EOF\n`;
}

function labelSet(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function spell(value: number): string {
  return Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? "+Inf" : "-Inf";
}
