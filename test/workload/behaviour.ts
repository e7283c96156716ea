/** How the service behaves. Set by the environment at the start, changed through `POST /control` later. */
export interface Behaviour {
  /** Share of requests answered 500, 0..1, spread evenly: 0.25 is every fourth request, not a dice roll. */
  readonly errorRate: number;
  /** Pause before every answer. */
  readonly latencyMs: number;
  readonly ready: "ok" | "fail";
  /** From this long after the start, `/health/ready` fails. */
  readonly healthFailAfterMs: number | undefined;
}

/** Reads ERROR_RATE, LATENCY_MS, READY and HEALTH_FAIL_AFTER_MS; what is absent means a healthy service. */
export function behaviourFrom(env: Readonly<Record<string, string | undefined>>): Behaviour {
  return {
    errorRate: Number(env.ERROR_RATE ?? 0),
    latencyMs: Number(env.LATENCY_MS ?? 0),
    ready: env.READY === "fail" ? "fail" : "ok",
    healthFailAfterMs: env.HEALTH_FAIL_AFTER_MS === undefined ? undefined : Number(env.HEALTH_FAIL_AFTER_MS),
  };
}
