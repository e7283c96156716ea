import { join } from "node:path";
import type { Logger } from "pino";
import type { Settings } from "./config/settings.ts";
import { type Announcer, createAnnouncer } from "./daemon/announcer.ts";
import { type Channels, channelsOf, silentChannels } from "./daemon/channels.ts";
import { type Cluster, createCluster } from "./daemon/cluster.ts";
import type { Commands } from "./daemon/commands.ts";
import { createClusterReports } from "./daemon/cluster-reports.ts";
import { onceRead } from "./daemon/once-read.ts";
import { countNotifications } from "./daemon/count-notifications.ts";
import { createCommands } from "./daemon/create-commands.ts";
import { newDecisionId } from "./daemon/decision-id.ts";
import { type DecisionLog, startLog } from "./daemon/decision-log.ts";
import { createFleet } from "./daemon/fleet.ts";
import { healthView } from "./daemon/health-view.ts";
import { createGates } from "./daemon/gates.ts";
import type { Lifecycle } from "./daemon/lifecycle.ts";
import { openPostedReports, type PostedReports } from "./daemon/posted-reports.ts";
import { createOneAtATime } from "./daemon/one-at-a-time.ts";
import { endOrphans } from "./daemon/orphans.ts";
import { assemblePolicy, type Shared } from "./daemon/policy-parts.ts";
import { createPolicySet, type PolicySet } from "./daemon/policy-set.ts";
import { connectPrometheus } from "./daemon/prometheus-settings.ts";
import { policySeen, rightsOf } from "./daemon/rights.ts";
import { createRightsWatch, type RightsWatch } from "./daemon/rights-watch.ts";
import { repeatedly } from "./daemon/repeatedly.ts";
import { createRulesInForce, RulesError, type RulesInForce } from "./daemon/rules-in-force.ts";
import { watchRules } from "./daemon/rules-watch.ts";
import { startSlotClock } from "./daemon/slot-clock.ts";
import { inTurns } from "./daemon/turns.ts";
import { createUnloggedTeller } from "./daemon/tell-unlogged.ts";
import { byDecision } from "./log/reader.ts";
import type { LogRecord } from "./log/record.ts";
import { type Outbox, startOutbox } from "./notifications/outbox.ts";
import { loadRules, type LoadedRules } from "./rules/load.ts";
import { isError } from "./rules/problem.ts";
import { createAccess } from "./server/access/access.ts";
import { countAttempts } from "./server/access/attempts.ts";
import { createApp } from "./server/app.ts";
import { authorities } from "./server/access/authorities.ts";
import { changeRoutes } from "./server/change-routes.ts";
import { onlyOnce } from "./server/once.ts";
import { eventRoute } from "./server/event-routes.ts";
import { listen } from "./server/listen.ts";
import { logRoutes } from "./server/log-routes.ts";
import { policyRoutes } from "./server/policy-routes.ts";
import { vulnerabilityRoute } from "./server/vulnerability-route.ts";
import { createProbe } from "./signals/probe.ts";
import { createMetrics, type Metrics } from "./telemetry/metrics.ts";
import type { Scrub } from "./telemetry/scrub.ts";
import { VERSION } from "./version.ts";

/** What the process brings along. */
export interface AppParts {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  readonly environment: NodeJS.ProcessEnv;
  /** Takes every secret that is configured, and what looks like one, out of a text. */
  readonly scrub: Scrub;
  /** Every secret that is configured, to be kept out of what is shown. */
  readonly secrets: () => readonly string[];
  /** Why the process ends, asked for in its last words. */
  readonly cause: () => string;
  /** Called once the log knows of this start, with the way to tell it at once of an end that is no orderly one. */
  readonly onStarted: (stopped: Stopped) => void;
}

/** Tells the log why the process ends. Resolves in any case. */
export type Stopped = (cause: string) => Promise<void>;

const RULES_EVERY_MS = 5_000;
/** How often it is looked whether asking is due. */
const RIGHTS_EVERY_MS = 5_000;
/** How long a policy that was measured waits for others that are being measured. */
const FLEET_PATIENCE_MS = 2_000;

/**
 * Puts the daemon together and starts it. What is started is ended by `lifecycle`, the newest first: policies
 * before the telling of what became of them, then the last words, then the log. The log is locked before the port is
 * taken, so that a second daemon on one data folder hears of that and not of the port; it is read after, because a
 * long one takes seconds, in which the process is alive though not ready.
 * Throws, with a sentence for people: SettingsError, RulesError, LogLocked, LogUnwritable, KubeConfigError, ListenError.
 */
export async function startApp(parts: AppParts): Promise<void> {
  const { settings, logger, lifecycle } = parts;
  const rules = await loadRules(settings.rules);
  if (rules.problems.some(isError)) throw new RulesError(rules.problems);
  const cluster = createCluster();
  lifecycle.onStop("connections to the API server", cluster.close);
  await cluster.connectFor(rules.policies);
  const metrics = createMetrics(VERSION);
  metrics.leader.set(1);
  const announcer = createAnnouncer();
  const log = await startLog(join(settings.dataDir, "decisions"), { ...parts, metrics, announcer });
  const posted = await openPostedReports(join(settings.dataDir, "vulnerabilities"), logger);
  const core = assemble(parts, { rules, metrics, announcer, log, cluster, posted });
  const url = await serve(parts, { metrics, log, core, cluster });
  let isStarted = false;
  const stopped: Stopped = async (cause) => {
    if (isStarted) await log.gate.record({ type: "daemon.stopped", cause });
  };
  lifecycle.onStop("last words", () => stopped(parts.cause()));
  announcer.attach(await startTelling(parts, { metrics, log, core }));
  lifecycle.onStop("policies", core.stop);
  if (lifecycle.signal.aborted) return;
  isStarted = (await log.gate.record({ type: "daemon.started", version: VERSION })) !== undefined;
  parts.onStarted(stopped);
  await core.rules.take(rules);
  await endOrphans(rules.policies, log.history, log.gate.record);
  lifecycle.onStop(
    "rules watch",
    watchRules(settings.rules, rules, RULES_EVERY_MS, { ...core.rules, logger }),
  );
  lifecycle.onStop(
    "rights",
    repeatedly({ what: "asking for rights", task: core.rights.look, everyMs: RIGHTS_EVERY_MS, logger }),
  );
  logger.info({ url, rules: settings.rules, data: settings.dataDir }, "rollbackd is running");
}

/** What everything above it in this file made. */
interface Made {
  readonly rules: LoadedRules;
  readonly metrics: Metrics;
  readonly announcer: Announcer;
  readonly log: DecisionLog;
  readonly cluster: Cluster;
  readonly posted: PostedReports;
}

interface Core {
  readonly rules: RulesInForce;
  readonly rights: RightsWatch;
  readonly policies: PolicySet;
  /** What people can ask of it. */
  readonly commands: Commands;
  readonly channels: Channels;
  readonly stop: () => Promise<void>;
}

function assemble({ settings, logger, lifecycle, environment, secrets }: AppParts, made: Made): Core {
  const { rules, metrics, announcer, log, cluster, posted } = made;
  const prometheus = connectPrometheus(settings.prometheus, metrics);
  lifecycle.onStop("connections to Prometheus", prometheus.close);
  const slotClock = startSlotClock({
    ask: prometheus.clock,
    intervals: () => policies.running().map(({ policy }) => policy.intervalMs),
    metrics,
    logger,
  });
  lifecycle.onStop("clock of Prometheus", slotClock.stop);
  const { record, unwritable } = log.gate;
  const channels = channelsOf(settings, (name) => inForce.policy(name)?.statusPage);
  const shared: Shared = {
    prometheus: { ...prometheus, ...inTurns(prometheus) },
    probe: createProbe(Date.now),
    history: log.history,
    record,
    fleet: createFleet(FLEET_PATIENCE_MS),
    gates: createGates({ unwritable, history: log.history, now: Date.now }),
    oneAtATime: createOneAtATime(),
    reportSources: { cluster: createClusterReports({ logger, now: Date.now }), posted: posted.all },
    tellUnlogged: createUnloggedTeller(announcer.announce, { logger, now: Date.now }),
    metrics,
    logger,
    environment,
    secrets,
    newDecisionId,
    slotClock,
    argocdNamespace: settings.argocdNamespace,
    running: () => policies.running(),
    now: Date.now,
  };
  const policies = createPolicySet((policy) => assemblePolicy(policy, shared, cluster.api()));
  const inForce = createRulesInForce({
    first: rules.policies,
    record,
    loadedHashes: log.history.loadedHashes,
    problemsOf: async (loaded) => [
      ...(await cluster.problemsOf(loaded)),
      ...silentChannels(loaded, channels),
    ],
    apply: policies.apply,
    metrics,
    logger,
  });
  return {
    policies,
    channels,
    rights: watchRights(policies, made, { settings, logger }),
    rules: inForce,
    commands: createCommands({
      ...shared,
      posted,
      massBreach: shared.fleet.massBreach,
      policyInLog: async (decisionId) => (await byDecision(log.folder, decisionId)).find(isDecision)?.policy,
    }),
    // A query that hangs must not hold up the end; what it was for is over.
    stop: async () => void (await Promise.all([policies.stop(), prometheus.close()])),
  };
}

function watchRights(
  { running }: Pick<PolicySet, "running">,
  { cluster, log }: Made,
  { settings, logger }: Pick<AppParts, "settings" | "logger">,
): RightsWatch {
  const { argocdNamespace, apiKubernetesAudience: audience } = settings;
  return createRightsWatch({
    api: cluster.api,
    rights: () => rightsOf(running().map(policySeen), { argocdNamespace, audience }),
    record: log.gate.record,
    onRecord: log.history.missingRights,
    logger,
    now: Date.now,
  });
}

function isDecision(record: LogRecord): record is Extract<LogRecord, { type: "decision.made" }> {
  return record.type === "decision.made";
}

interface Running {
  readonly metrics: Metrics;
  readonly log: DecisionLog;
  readonly core: Core;
}

async function serve(
  { settings, logger, lifecycle, scrub }: AppParts,
  { metrics, log, core, cluster }: Running & Pick<Made, "cluster">,
): Promise<string> {
  const { registry } = metrics;
  const { running } = core.policies;
  const { head, onAppended } = log.writer;
  const { folder } = log;
  const known = { history: log.history, now: Date.now };
  const commands = onceRead(core.commands, log.readUntil);
  const server = createApp({
    version: VERSION,
    access: createAccess({
      authorities: authorities({ settings, logger, api: cluster.api, running }),
      attempts: countAttempts(Date.now),
      logger,
    }),
    routes: [
      ...policyRoutes({ running, ...known }),
      ...logRoutes({ folder, running, scrub, people: known }),
      ...changeRoutes({ commands, once: onlyOnce(Date.now), now: Date.now }),
      vulnerabilityRoute(commands),
      eventRoute({ folder, head, onAppended, signal: lifecycle.signal }),
    ],
    health: healthView({
      version: VERSION,
      startedAt: Date.now(),
      now: Date.now,
      rules: core.rules.state,
      log: () => ({
        head: log.writer.head(),
        unwritable: log.gate.unwritable(),
        readUntil: log.readUntil(),
      }),
      running,
      rights: core.rights.state,
    }),
    metrics: { contentType: registry.contentType, metrics: () => registry.metrics() },
    report: (error) => logger.error({ err: error }, "a request could not be answered"),
  });
  const url = await listen(server, settings.http);
  lifecycle.onStop("http server", () => server.close());
  return url;
}

async function startTelling({ lifecycle }: AppParts, { metrics, log, core }: Running): Promise<Outbox> {
  const { append, onAppended } = log.writer;
  const outbox = await startOutbox({
    append,
    onAppended,
    history: log.read(),
    channels: core.channels,
    channelsOf: (name) => core.rules.policy(name)?.notify ?? [],
  });
  lifecycle.onStop("notifications", outbox.stop);
  lifecycle.onStop("notification metrics", onAppended(countNotifications(metrics, core.channels)));
  return outbox;
}
