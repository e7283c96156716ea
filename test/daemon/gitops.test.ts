import { describe, expect, it } from "vitest";
import type { LogRecord } from "../../src/log/record.ts";
import { incidentKey } from "../../src/notifications/message.ts";
import { createTeller } from "../../src/notifications/teller.ts";
import type { GitOpsOwner } from "../../src/releases/gitops-owner.ts";
import type { Prepare } from "../../src/rollback/act.ts";
import type { AskOwners } from "../../src/rollback/gitops/restoring.ts";
import { clock, HOUR, INTERVAL, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, type Daemon, decisions, ofType, startDaemon, type World } from "./world.ts";

const OWNER: GitOpsOwner = { tool: "argocd", namespace: "argocd", name: "shop", seenIn: "label x" };

/** v2 is shipped at ten by Argo CD and breaches from 10:01 until 10:06:15, when it is rolled back. */
async function badRelease(
  changes: Parameters<typeof policy>[0] = {},
  prepare?: Prepare,
  askOwners?: AskOwners,
): Promise<[World, Daemon]> {
  const world = createWorld(TEN - HOUR);
  world.prepare = prepare;
  world.askOwners = askOwners;
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00"), clock("10:06:15")));
  world.target.owners = [OWNER];
  const daemon = startDaemon(world, policy(changes));
  await daemon.load();
  world.at = TEN - INTERVAL;
  await daemon.pass();
  world.target.writer = "argocd-controller";
  world.target.ship("v2", TEN);
  return [world, daemon];
}

const told = (records: readonly LogRecord[]) => records.flatMap(createTeller());

it("a target that Argo CD keeps is not touched by default: one page names the owner and what to do in Git", async () => {
  const [world, daemon] = await badRelease();
  await daemon.passUntil(clock("10:06:00"));
  expect(decisions(world)).toEqual(["escalate gitops-owner"]);
  expect(ofType(world, "decision.made")[0]).toMatchObject({ owners: [OWNER] });
  const page = told(world.log.records).find(({ event }) => event === "trigger");
  expect(page?.lines.join(" ")).toMatch(/Argo CD application argocd\/shop.*Revert the commit/u);
  expect(world.target.acts()).toBe(0);
  const answer = await daemon.commands.rollback("vcci-api", { reason: "other" }, "token:alice");
  expect(answer).toMatchObject({ ok: false, reason: "gitops-owner" });
});

it("a target whose owner leaves changes alone is rolled back by default, and the page says what to do in Git", async () => {
  const leavesAlone = "its drift detection is off";
  const ask: AskOwners = async (owners) => owners.map((owner) => Object.assign({}, owner, { leavesAlone }));
  const [world, daemon] = await badRelease({}, undefined, ask);
  await daemon.passUntil(clock("10:06:15"));
  expect(decisions(world)).toEqual(["rollback"]);
  const page = told(world.log.records).find(({ event }) => event === "trigger");
  expect(page?.lines.join(" ")).toMatch(
    /Argo CD application argocd\/shop \(label x\) leaves this alone, because its drift detection is off\. .*revert it in Git/u,
  );
});

it("with `warn` it acts, and the page says who will undo it; a person sees it before they agree", async () => {
  const [world, daemon] = await badRelease({ gitops: "warn" });
  const planned = await daemon.commands.plan("vcci-api", { reason: "other" });
  expect(planned.ok && planned.plan.warnings.join(" ")).toContain("will undo this at its next sync");
  await daemon.passUntil(clock("10:06:00"));
  expect(decisions(world)).toEqual(["rollback"]);
  const page = told(world.log.records).find(({ event }) => event === "trigger");
  expect(page?.lines.join(" ")).toContain("Argo CD application argocd/shop (label x) will undo this");
});

it("trap 28: the bad version is brought back after the rollback: the page names who did it, once, and ends with it", async () => {
  const [world, daemon] = await badRelease({ gitops: "warn" });
  await daemon.passUntil(clock("10:07:00"));
  world.target.ship("v2", clock("10:07:05"));
  const before = world.log.records.length;
  await daemon.passUntil(clock("10:07:30"));
  const observed = ofType(world, "release.observed").at(-1);
  expect(observed).toMatchObject({ quarantined: true, writtenBy: "argocd-controller", owners: [OWNER] });
  const pages = told(world.log.records).filter(({ title }) => title.includes("brought back"));
  expect(pages).toMatchObject([{ event: "trigger", release: observed?.release }]);
  expect(pages[0]?.title).toMatch(/^Argo CD \(argocd-controller\) brought back what was rolled back/u);
  expect(pages[0]?.lines.join(" ")).toMatch(/Argo CD application argocd\/shop.*revert the commit/u);
  world.target.ship("v3", clock("10:08:05"));
  await daemon.passUntil(clock("10:08:15"));
  const ends = told(world.log.records).filter(
    ({ event, dedupKey }) => event === "resolve" && dedupKey === pages[0]?.dedupKey,
  );
  expect(ends).toHaveLength(1);
  expect(world.log.records.length).toBeGreaterThan(before);
  expect(world.target.acts()).toBe(1);
});

describe("trap 23: a person who deploys again what was rolled back", () => {
  async function redeployed(): Promise<[World, Daemon]> {
    const [world, daemon] = await badRelease({ gitops: "warn" });
    await daemon.passUntil(clock("10:07:00"));
    world.target.writer = "kubectl-set";
    world.target.ship("v2", clock("10:07:05"));
    await daemon.passUntil(clock("10:07:30"));
    return [world, daemon];
  }
  const broughtBack = (world: World) =>
    told(world.log.records).filter(({ dedupKey }) => dedupKey.endsWith("brought-back"));

  it("is respected, and the team is paged once under a key of its own, which rings although another is open", async () => {
    const [world, daemon] = await redeployed();
    expect(ofType(world, "release.observed").at(-1)).toMatchObject({
      quarantined: true,
      writtenBy: "kubectl-set",
    });
    await daemon.passUntil(clock("10:09:00"));
    const [page, ...more] = broughtBack(world);
    expect(more).toEqual([]);
    expect(page).toMatchObject({ event: "trigger", severity: "critical" });
    expect(page?.title).toMatch(/^kubectl-set brought back what was rolled back/u);
    expect(page?.lines.join(" ")).toMatch(
      /by kubectl-set at .*10:07:05.*guard period.*go back: rollbackd rollback vcci-api --reason/u,
    );
    expect(page?.dedupKey).not.toBe(incidentKey(page?.target ?? "", page?.release));
    expect(world.target.acts()).toBe(1);
  });

  it("is guarded afresh: the window of the first deployment rolls back nothing", async () => {
    const [world, daemon] = await redeployed();
    world.prometheus.put("errors:ratio", breaching(clock("10:01:00"), clock("10:30:00")));
    await daemon.passUntil(clock("10:12:00"));
    expect(world.target.acts()).toBe(1);
    expect(world.target.running()).toBe("v2");
  });

  it("ends the page with the next deployment", async () => {
    const [world, daemon] = await redeployed();
    world.target.ship("v3", clock("10:08:05"));
    await daemon.passUntil(clock("10:08:30"));
    expect(broughtBack(world).map(({ event }) => event)).toEqual(["trigger", "resolve"]);
  });
});

const SUSPENSION = {
  owner: "Argo CD application argocd/shop",
  detail: "It was taken out.",
  resume: "kubectl -n argocd …",
};

describe("with `suspend`", () => {
  it("the owner is suspended and on record before the act; how to resume it is told then and with the end", async () => {
    const running: string[] = [];
    const [world, daemon] = await badRelease({ gitops: "suspend" }, async () => {
      running.push(world.target.running());
      return { kind: "prepared", suspended: [SUSPENSION] };
    });
    await daemon.passUntil(clock("10:06:30"));
    expect(running).toEqual(["v2"]);
    const types = world.log.records
      .map(({ type }) => type)
      .filter((type) => /^(rollback|gitops)\./u.test(type));
    expect(types).toEqual(["rollback.started", "gitops.suspended", "rollback.applied", "rollback.verified"]);
    expect(ofType(world, "decision.made")[0]?.summary).toContain("is suspended first");
    const messages = told(world.log.records);
    const naming = messages.filter(({ lines }) => lines.some((line) => line.includes(SUSPENSION.resume)));
    expect(naming.map(({ event }) => event)).toEqual(["info", "resolve"]);
  });

  it("an owner that cannot be suspended would undo it: nothing is done, and what was suspended is on record", async () => {
    const detail = "Argo CD application argocd/web could not be suspended: forbidden";
    const [world, daemon] = await badRelease({ gitops: "suspend" }, async () => ({
      kind: "failed",
      reason: "gitops-not-suspended",
      detail,
      suspended: [SUSPENSION],
    }));
    await daemon.passUntil(clock("10:06:00"));
    expect(world.target.acts()).toBe(0);
    expect(ofType(world, "rollback.failed")).toMatchObject([{ reason: "gitops-not-suspended", detail }]);
    const page = told(world.log.records).at(-1);
    expect(page).toMatchObject({ event: "trigger", severity: "critical" });
    expect(page?.lines.join(" ")).toContain(SUSPENSION.resume);
  });

  it("a freeze between the decision and the act leaves its owner alone, too", async () => {
    let asked = 0;
    const [world, daemon] = await badRelease({ gitops: "suspend" }, async () => {
      asked += 1;
      return { kind: "prepared", suspended: [] };
    });
    await daemon.passUntil(clock("10:05:45"));
    world.effect = async (name, run) => {
      const done = await run();
      if (name === "append rollback.started") await daemon.commands.freeze("vcci-api", {}, "token:alice");
      return done;
    };
    await daemon.passUntil(clock("10:06:00"));
    expect([asked, world.target.acts()]).toEqual([0, 0]);
    expect(ofType(world, "rollback.failed")).toMatchObject([{ reason: "frozen" }]);
  });

  it("after a crash in between it is suspended once more, and told once", async () => {
    const prepare: Prepare = async () => ({ kind: "prepared", suspended: [SUSPENSION] });
    const [world, daemon] = await badRelease({ gitops: "suspend" }, prepare);
    world.prometheus.put("errors:ratio", breaching(clock("10:01:00")));
    await daemon.passUntil(clock("10:05:45"));
    const { effect } = world;
    world.effect = (name, run) => (name === "act" ? new Promise(() => undefined) : run());
    await daemon.passUntil(clock("10:06:00"));
    expect(ofType(world, "gitops.suspended")).toHaveLength(1);
    world.effect = effect;
    const again = startDaemon(world, policy({ gitops: "suspend" }));
    again.resume();
    await again.passUntil(clock("10:06:15"));
    expect(ofType(world, "gitops.suspended")).toHaveLength(1);
    expect(ofType(world, "rollback.applied")).toHaveLength(1);
  });
});
