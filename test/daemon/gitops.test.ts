import { expect, it } from "vitest";
import type { LogRecord } from "../../src/log/record.ts";
import { createTeller } from "../../src/notifications/teller.ts";
import type { GitOpsOwner } from "../../src/releases/gitops-owner.ts";
import { clock, HOUR, INTERVAL, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, type Daemon, decisions, ofType, startDaemon, type World } from "./world.ts";

const OWNER: GitOpsOwner = { tool: "argocd", namespace: "argocd", name: "shop", seenIn: "label x" };

/** v2 is shipped at ten by Argo CD and breaches from 10:01 until 10:06:15, when it is rolled back. */
async function badRelease(changes: Parameters<typeof policy>[0] = {}): Promise<[World, Daemon]> {
  const world = createWorld(TEN - HOUR);
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

it("a person who deploys it again is no GitOps tool: nobody is paged for that", async () => {
  const [world, daemon] = await badRelease({ gitops: "warn" });
  await daemon.passUntil(clock("10:07:00"));
  world.target.writer = "kubectl-set";
  world.target.ship("v2", clock("10:07:05"));
  await daemon.passUntil(clock("10:07:30"));
  expect(ofType(world, "release.observed").at(-1)).toMatchObject({
    quarantined: true,
    writtenBy: "kubectl-set",
  });
  expect(told(world.log.records).filter(({ title }) => title.includes("brought back"))).toEqual([]);
});
