/** Upper bounds in seconds. Finite ones reach far past any threshold under test: nobody sees beyond the last. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10] as const;

export interface Metrics {
  /** A request arrived; call the result with its status when it is answered. */
  readonly begin: () => (status: number) => void;
  /** Prometheus text format. */
  readonly expose: () => string;
}

/** The metrics of one process. Namespace, app and pod are for whoever scrapes it to add, as in a real cluster. */
export function createMetrics(version: string): Metrics {
  // Both statuses from the start: a counter that appears with its first error hides that error from rate().
  const requests = new Map<number, number>([
    [200, 0],
    [500, 0],
  ]);
  const buckets = BUCKETS.map((le) => ({ le, count: 0 }));
  let sum = 0;
  let count = 0;
  let inFlight = 0;
  return {
    begin: () => {
      const arrivedAt = performance.now();
      inFlight += 1;
      return (status) => {
        const seconds = (performance.now() - arrivedAt) / 1000;
        inFlight -= 1;
        requests.set(status, (requests.get(status) ?? 0) + 1);
        for (const bucket of buckets) {
          bucket.count += seconds <= bucket.le ? 1 : 0;
        }
        sum += seconds;
        count += 1;
      };
    },
    expose: () =>
      [
        "# TYPE http_requests_total counter",
        ...[...requests].map(
          ([status, n]) => `http_requests_total{status="${status}",version="${version}"} ${n}`,
        ),
        "# TYPE http_request_duration_seconds histogram",
        ...[...buckets, { le: "+Inf", count }].map(
          (bucket) =>
            `http_request_duration_seconds_bucket{version="${version}",le="${bucket.le}"} ${bucket.count}`,
        ),
        `http_request_duration_seconds_sum{version="${version}"} ${sum}`,
        `http_request_duration_seconds_count{version="${version}"} ${count}`,
        "# TYPE http_requests_in_flight gauge",
        `http_requests_in_flight{version="${version}"} ${inFlight}`,
        "# TYPE app_build_info gauge",
        `app_build_info{version="${version}"} 1`,
        "",
      ].join("\n"),
  };
}
