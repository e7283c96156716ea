import { parseRules } from "../../src/rules/load.ts";
import type { Policy } from "../../src/rules/policy.ts";
import { sentenceOf } from "../../src/rules/problem.ts";
import type { Cleanups } from "../../test/cluster/cleanups.ts";
import { eventually } from "../../test/support/eventually.ts";
import { type Receiver, startPagerDutyReceiver, startSlackReceiver } from "../../test/support/receivers.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { buildProgram } from "./program.ts";
import type { Stage } from "./stage.ts";
import type { Terminal } from "./terminal.ts";

/** What the story is told with. */
export interface Props {
  /** For everything that the demo writes. */
  readonly folder: string;
  readonly terminal: Terminal;
  readonly cleanups: Cleanups;
  /** Aborted at Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Makes the service and its world; what it starts is left to `cleanups`. */
export type SetUp = (props: Props) => Promise<Stage>;

/** Everything that takes part, running. */
export interface Cast extends Props {
  readonly stage: Stage;
  readonly policy: Policy;
  /** The built `rollbackd.js`. */
  readonly program: string;
  readonly daemon: Daemon;
  readonly slack: Receiver;
  readonly pagerduty: Receiver;
}

const ROUTING_KEY = "0123456789abcdef0123456789abcdef";

/** Builds rollbackd while the stage is set up, then starts it there. What runs is left to `cleanups`. */
export async function assemble(setUp: SetUp, props: Props): Promise<Cast> {
  const { folder, cleanups, signal } = props;
  const building = buildProgram(folder);
  // Awaited below; should the stage fail first, that is what is told.
  building.catch(() => undefined);
  const stage = await setUp(props);
  signal.throwIfAborted();
  const [slack, pagerduty] = await Promise.all([startSlackReceiver(), startPagerDutyReceiver()]);
  cleanups.add(slack.close);
  cleanups.add(pagerduty.close);
  await measured(stage.prometheusUrl, signal);
  signal.throwIfAborted();
  const program = await building;
  signal.throwIfAborted();
  const daemon = await startDaemon({
    program,
    folder,
    rules: stage.rules,
    env: {
      ...stage.env,
      ROLLBACKD_PROMETHEUS_URL: stage.prometheusUrl,
      ROLLBACKD_SLACK_WEBHOOK_URL: slack.url,
      ROLLBACKD_PAGERDUTY_URL: pagerduty.url,
      ROLLBACKD_PAGERDUTY_ROUTING_KEY: ROUTING_KEY,
    },
  });
  cleanups.add(daemon.stop);
  return { ...props, stage, policy: onlyPolicy(stage.rules), program, daemon, slack, pagerduty };
}

/** Until then every trigger would be unknown, which is true and not what the demo is about. */
async function measured(prometheusUrl: string, signal: AbortSignal): Promise<void> {
  // As of a moment ago, so that the daemon's first slots have all that they need.
  const query = encodeURIComponent("sum(rate(http_requests_total[5s] offset 2s)) > 1");
  await eventually(
    "Prometheus sees the users' requests",
    async () => {
      // Ctrl-C has ended Prometheus, too.
      if (signal.aborted) return;
      const answer = await (await fetch(`${prometheusUrl}/api/v1/query?query=${query}`)).text();
      if (!answer.includes('"value"')) throw new Error(answer);
    },
    { withinMs: 30_000, everyMs: 200 },
  );
}

function onlyPolicy(rules: string): Policy {
  const { policies, problems } = parseRules("rules.yaml", rules);
  const [policy] = policies;
  if (policy === undefined) throw new Error(problems.map(sentenceOf).join("\n"));
  return policy;
}
