import { assemble, type Cast, type Props, type SetUp } from "./cast.ts";
import { checkOutcome, timeline } from "./outcome.ts";
import { command, message, quote, section } from "./page.ts";
import { runCommand } from "./program.ts";
import type { Stage } from "./stage.ts";
import { type PagerDutyBody, pagerDutyLines, slackLines } from "./told.ts";
import { clock, startWatching, type Watching } from "./watching.ts";

type Scene = Cast & { readonly watching: Watching };

// Bounds for a slow machine; nothing waits for them where things go well.
const HEALTHY_WITHIN_MS = 90_000;
const DECIDED_WITHIN_MS = 120_000;
const VERIFIED_WITHIN_MS = 120_000;
const TOLD_WITHIN_MS = 30_000;
/** Of the log's newest records: those from the decision on, and a few before. */
const LISTED = "24";

/** Tells the whole story. Throws with what went wrong when it does not go as it should. */
export async function tellStory(setUp: SetUp, props: Props): Promise<void> {
  section(props.terminal, "What runs");
  props.terminal.say("  building rollbackd and starting what it needs …");
  const cast = await assemble(setUp, props);
  introduce(cast);
  section(cast.terminal, "v1 runs and is healthy");
  if (await look(cast)) cast.terminal.say();
  const scene = { ...cast, watching: startWatching({ ...cast, users: () => usersText(cast.stage) }) };
  cast.cleanups.add(scene.watching.stop);
  await healthy(scene);
  const releasedAt = await release(scene);
  await rolledBack(scene);
  await told(scene);
  await cast.daemon.stop();
  const verified = await logged(scene);
  await summed(scene, releasedAt, verified);
}

function introduce({ terminal, stage, daemon, folder }: Cast): void {
  const parts = [
    ...stage.parts,
    ["rollbackd", `pid ${daemon.pid}, ${daemon.url}/health/detailed is what the tables below show`],
    ["messages", "go to local stand-ins for Slack and PagerDuty"],
    ["files", folder],
  ];
  for (const [name = "", what = ""] of parts) terminal.say(`  ${name.padEnd(11)} ${what}`);
  for (const [name, text] of [["rules.yaml", stage.rules], ...stage.files] as const)
    quote(terminal, name, text);
}

/** A whole window of it, so that it can be seen what changes. */
async function healthy({ watching }: Scene): Promise<void> {
  await watching.until("a window of every trigger is known and healthy", HEALTHY_WITHIN_MS, () => {
    const triggers = watching.triggers();
    const calm = triggers.every(({ state, window }) => state === "inactive" && window.known === window.size);
    return triggers.length > 0 && calm ? true : undefined;
  });
}

/** Gives the instant of the release, epoch ms. */
async function release({ stage, terminal }: Scene): Promise<number> {
  section(terminal, "v2 is released; one request in four fails");
  const releasedAt = Date.now();
  command(terminal, stage.releaseCommand, await stage.release());
  terminal.say();
  return releasedAt;
}

async function rolledBack(scene: Scene): Promise<void> {
  const { watching, terminal } = scene;
  await watching.until("rollbackd decides to roll back", DECIDED_WITHIN_MS, () =>
    watching.records.find((record) => record.type === "decision.made" && record.decision === "rollback"),
  );
  const end = await watching.until("the rollback is verified", VERIFIED_WITHIN_MS, () =>
    watching.records.find(({ type }) => type === "rollback.verified" || type === "rollback.failed"),
  );
  if (end.type === "rollback.failed") throw new Error(`The rollback failed (${end.reason}): ${end.detail}`);
  if (scene.stage.look === undefined) return;
  terminal.settle();
  terminal.say();
  await look(scene);
}

async function told({ watching, slack, pagerduty, terminal }: Scene): Promise<void> {
  await watching.until("Slack and PagerDuty got everything", TOLD_WITHIN_MS, () => {
    const count = (type: string): number => watching.records.filter((record) => record.type === type).length;
    const all = count("notification.queued") === count("notification.delivered");
    return all && events({ pagerduty }).some(({ event_action: action }) => action === "resolve")
      ? true
      : undefined;
  });
  await watching.stop();
  section(terminal, "What people were told, as the stand-ins received it");
  const messages = [
    ...slack.accepted.map((received) => ({ channel: "Slack", at: received.at, ...slackLines(received) })),
    ...pagerduty.accepted.map((received) => ({
      channel: "PagerDuty",
      at: received.at,
      ...pagerDutyLines(received),
    })),
  ];
  for (const { channel, at, title, lines } of messages.toSorted((a, b) => a.at - b.at)) {
    message(terminal, `${clock(at)}  ${channel}: ${terminal.paint("bold", title)}`, lines);
  }
}

/** Gives the exit code of `log verify`. */
async function logged({ daemon, program, terminal, watching }: Scene): Promise<number> {
  const decision = watching.records.find((record) => record.type === "decision.made");
  const id = decision?.type === "decision.made" ? decision.decisionId : "";
  section(terminal, "The decision log, read with rollbackd's own commands");
  let code = 0;
  for (const [index, args] of [["list", "--limit", LISTED], ["show", id], ["verify"]].entries()) {
    if (index > 0) terminal.say();
    command(terminal, ["rollbackd", "log", ...args].join(" "));
    code = await runCommand(program, ["log", ...args, "--data", daemon.data]);
  }
  return code;
}

async function summed(
  { terminal, stage, watching, pagerduty }: Scene,
  releasedAt: number,
  verified: number,
): Promise<void> {
  const { records } = watching;
  section(terminal, "How it went");
  for (const line of timeline(releasedAt, records)) terminal.say(`  ${line}`);
  terminal.say();
  const serving = await stage.serving();
  const checks = checkOutcome({ serving, records, events: events({ pagerduty }), verified });
  for (const { ok, what } of checks)
    terminal.say(`  ${ok ? terminal.paint("green", "✓") : terminal.paint("red", "✗")} ${what}`);
  const wrong = checks.filter(({ ok }) => !ok).map(({ what }) => what);
  if (wrong.length > 0) throw new Error(`Not as it should be: ${wrong.join("; ")}.`);
}

/** Tells whether there was anything to look with. */
async function look({ stage, terminal }: Cast): Promise<boolean> {
  if (stage.look === undefined) return false;
  command(terminal, stage.look.command, await stage.look.run());
  return true;
}

function events({ pagerduty }: Pick<Cast, "pagerduty">): readonly PagerDutyBody[] {
  return pagerduty.accepted.map(({ body }) => body as PagerDutyBody);
}

function usersText({ traffic }: Stage): string {
  const { ok, errors, lost } = traffic();
  return `users: ${ok + errors + lost} requests, ${errors} failed, ${lost} without an answer`;
}
