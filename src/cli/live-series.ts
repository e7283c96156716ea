import type { InstantQuery, InstantSeries } from "../signals/query.ts";

/** What a Prometheus is asked with, at one instant (epoch ms) for all rules. */
export interface LiveSource {
  readonly query: InstantQuery;
  readonly at: number;
}

/** Long enough to see an interval of a minute several times. */
const LOOK_BACK = "5m";

/** True where some series has this name; also when that cannot be told. */
export async function hasMetric(metric: string, source: LiveSource): Promise<boolean> {
  const answer = await source.query(`count({__name__=${JSON.stringify(metric)}})`, source.at);
  return !answer.ok || answer.series.length > 0;
}

/** The highest finite `le` of a selector of buckets; undefined where there is none, as with native histograms. */
export async function topBucket(selector: string, source: LiveSource): Promise<number | undefined> {
  const bounds = (await seriesOf(`count by (le) (${selector})`, source))
    .map(({ labels }) => Number(labels["le"]))
    .filter(Number.isFinite);
  return bounds.length === 0 ? undefined : Math.max(...bounds);
}

/**
 * Time between two samples of the fastest series of a selector, in ms: the time from the oldest to the newest of the
 * last minutes, divided by how often the timestamp changed. Undefined where there are not two samples.
 */
export async function scrapeIntervalMs(selector: string, source: LiveSource): Promise<number | undefined> {
  const stamps = `timestamp(${selector})[${LOOK_BACK}:1s]`;
  const [fastest] = await seriesOf(
    `min((max_over_time(${stamps}) - min_over_time(${stamps})) / (changes(${stamps}) > 0))`,
    source,
  );
  return fastest === undefined || !(fastest.value > 0) ? undefined : fastest.value * 1000;
}

async function seriesOf(expr: string, { query, at }: LiveSource): Promise<readonly InstantSeries[]> {
  const answer = await query(expr, at);
  return answer.ok ? answer.series : [];
}
