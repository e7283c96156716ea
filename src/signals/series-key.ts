const PLAIN_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** `{code="500", pod="a"}`: the same text for the same labels, in whatever order they came. */
export function seriesKey(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, value]) => `${PLAIN_NAME.test(name) ? name : JSON.stringify(name)}=${JSON.stringify(value)}`,
    );
  return `{${pairs.join(", ")}}`;
}
