import { NOTHING_MISSING } from "../../src/daemon/rights-watch.ts";
import { explain } from "../../src/cli/problem.ts";
import { SettingsError } from "../../src/config/settings-error.ts";
import { loadSettings } from "../../src/config/settings.ts";
import { healthView, type HealthSource } from "../../src/daemon/health-view.ts";
import { NOTHING_CARRIED } from "../../src/daemon/pass.ts";
import type { RunningPolicy } from "../../src/daemon/run-policy.ts";
import { LogUnwritable } from "../../src/log/unwritable.ts";
import { NOT_HANDLED } from "../daemon/not-handled.ts";
import { MINUTE, policy, TEN } from "../support/model.ts";
import type { Shown } from "./shown.ts";

/** What whoever runs rollbackd sees when it cannot begin, or cannot go on. */
export function inTrouble(): readonly Shown[] {
  return [...ofSettings(), ...ofLog(), ...ofHealth()];
}

const SETTINGS: readonly Readonly<Record<string, string>>[] = [
  { ROLLBACKD_HTTP_PORT: "94800" },
  { ROLLBACKD_PROMETHEUS_URL: "prometheus:9090" },
  { ROLLBACKD_LOG_LEVEL: "loud" },
  { ROLLBACKD_SLACK_WEBHOOK_URL: "hooks.slack.com" },
  { ROLLBACKD_PAGERDUTY_ROUTING_KEY_FILE: "/no/such/file" },
  { ROLLBACKD_RULES: "rules", ROLLBACKD_HTTP_HOST: "a host" },
];

function ofSettings(): readonly Shown[] {
  return SETTINGS.map((env) => ({
    group: "A start that is not possible",
    name: Object.keys(env).join(", "),
    text: explained(() => loadSettings({ file: undefined, env, flags: {} })),
    // It names the key, its variable and what was expected; to correct it is the next step.
    isNews: true as const,
  }));
}

function explained(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof SettingsError) return explain(error);
    throw error;
  }
  throw new Error("these settings are good");
}

function ofLog(): readonly Shown[] {
  const codes = ["ENOSPC", "EROFS", "EACCES", "EIO"];
  return codes.map((code) => ({
    group: "A start that is not possible",
    name: `the log cannot be written (${code})`,
    text: explain(
      new LogUnwritable("/var/lib/rollbackd/decisions", Object.assign(new Error(code), { code })),
    ),
  }));
}

function ofHealth(): readonly Shown[] {
  const source = (changes: Partial<HealthSource>): HealthSource => ({
    version: "0.1.0",
    startedAt: TEN,
    now: () => TEN + 5 * MINUTE,
    rules: () => ({ loadedAt: TEN, problems: [] }),
    log: () => ({ head: { seq: 1_000, hash: "h" }, unwritable: undefined, readUntil: undefined }),
    rights: () => NOTHING_MISSING,
    running: () => [],
    ...changes,
  });
  const running = (changes: Partial<RunningPolicy>): Partial<HealthSource> => ({
    running: () => [{ ...NOT_HANDLED, policy: policy(), carried: () => NOTHING_CARRIED, ...changes }],
  });
  const unseen = { ok: false, reason: "unreachable", detail: "no answer from the API server" } as const;
  const head = { seq: 1_000, hash: "h" };
  const sources: readonly Partial<HealthSource>[] = [
    { rules: () => ({ loadedAt: undefined, problems: [] }) },
    {
      log: () => ({ head, unwritable: "The decision log cannot be written: ENOSPC.", readUntil: undefined }),
    },
    { log: () => ({ head, unwritable: undefined, readUntil: 400 }) },
    running({}),
    running({ overdueMs: () => 10 * MINUTE }),
    running({ carried: () => ({ ...NOTHING_CARRIED, at: TEN, lookup: unseen }) }),
    running({ carried: () => ({ ...NOTHING_CARRIED, at: TEN, sight: { blindSince: TEN } }) }),
  ];
  return sources.flatMap((changes) =>
    healthView(source(changes))
      .hindrances()
      .map(({ what, detail, nextStep }) => ({
        group: "Why it is not ready (/health/ready)",
        name: what,
        text: `${detail} ${nextStep}`,
      })),
  );
}
