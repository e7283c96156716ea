import { describe, expect, it } from "vitest";
import { clock, HOUR, INTERVAL, MINUTE, policy, TEN } from "../support/model.ts";
import { breaching, drawn } from "./fake-prometheus.ts";
import { createWorld, type Daemon, ofType, startDaemon, type World } from "./world.ts";

const script = policy({
  rollback: {
    ...policy().rollback,
    strategy: {
      kind: "script",
      script: { command: ["./rollback.sh"], cwd: undefined, env: {}, timeoutMs: 5 * MINUTE },
    },
  },
});
const deployment = policy();

/** Where the daemon ends: at the effect of this number, before it has happened or just after. */
interface CrashPoint {
  readonly nth: number;
  readonly when: "before" | "after";
}

/** v2 breaches, and the next pass, at 10:06, decides to roll it back. */
async function aboutToDecide(
  guarded = deployment,
): Promise<{ readonly world: World; readonly daemon: Daemon }> {
  const world = createWorld(TEN - HOUR);
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00")));
  const daemon = startDaemon(world, guarded);
  await daemon.load();
  world.at = TEN - INTERVAL;
  await daemon.pass();
  world.target.ship("v2", TEN);
  world.at = clock("10:05:45");
  await daemon.pass();
  return { world, daemon };
}

/** Lets `run` go as far as the crash point; nothing of it happens from there on. Gives back the effects until then. */
async function crashing(
  world: World,
  point: CrashPoint | undefined,
  run: () => Promise<void>,
): Promise<readonly string[]> {
  const before = world.effect;
  const never = new Promise<never>(() => undefined);
  const effects: string[] = [];
  let isDead = false;
  world.effect = async (name, effect) => {
    if (isDead) return never;
    effects.push(name);
    const isHere = effects.length === point?.nth;
    if (isHere) isDead = true;
    if (isHere && point.when === "before") return never;
    const result = await effect();
    return isHere ? never : result;
  };
  const isOver = run();
  await Promise.race([isOver, turns()]);
  world.effect = before;
  return effects;
}

/** More turns of the event loop than any of these runs needs. */
async function turns(): Promise<void> {
  await Array.from({ length: 10 }).reduce<Promise<void>>((so) => so.then(turn), Promise.resolve());
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** The daemon is started again a slot later, and goes on with what was left. */
async function restart(world: World, guarded: typeof deployment): Promise<void> {
  world.at += INTERVAL;
  const daemon = startDaemon(world, guarded);
  await daemon.load();
  daemon.resume();
  await daemon.pass();
}

async function secondPass(world: World, daemon: Daemon): Promise<void> {
  world.at = clock("10:06:00");
  await daemon.pass();
}

function points(effects: readonly string[]): readonly CrashPoint[] {
  return effects.flatMap((_, index) => [
    { nth: index + 1, when: "before" } as const,
    { nth: index + 1, when: "after" } as const,
  ]);
}

function ends(world: World): readonly string[] {
  return [...ofType(world, "rollback.verified"), ...ofType(world, "rollback.failed")].map(
    ({ decisionId }) => decisionId,
  );
}

/** Every rollback that was begun has one end, and no act happened without its intent on record. */
function expectWhole(world: World): void {
  const begun = ofType(world, "rollback.started").map(({ decisionId }) => decisionId);
  expect(ends(world)).toEqual(begun);
  expect(world.target.acts()).toBeLessThanOrEqual(begun.length);
}

const EFFECTS = [
  "append trigger.firing",
  "append decision.made",
  "append rollback.started",
  "act",
  "append rollback.applied",
  "mark",
  "verify",
  "append rollback.verified",
];

describe("a rollback", () => {
  it("waits for the disk: no effect begins before the record that announces it is written", async () => {
    const { world, daemon } = await aboutToDecide();
    const effects: string[] = [];
    world.effect = async (name, effect) => {
      const isAppend = name.startsWith("append");
      if (isAppend) await turn();
      else effects.push(name);
      const result = await effect();
      if (isAppend) effects.push(name);
      return result;
    };
    await secondPass(world, daemon);
    await turns();
    expect(effects).toEqual(EFFECTS);
  });

  it("does nothing to the target before the decision and the intent are on record", async () => {
    const { world, daemon } = await aboutToDecide();
    expect(await crashing(world, undefined, () => secondPass(world, daemon))).toEqual(EFFECTS);
  });
});

describe("trap 20: the daemon ends at any point of a rollback and is started again", () => {
  for (const point of points(EFFECTS)) {
    const where = `${point.when} ${EFFECTS[point.nth - 1]}`;

    it(`${where}: a Deployment is rolled back exactly once, and the log says how it ended`, async () => {
      const { world, daemon } = await aboutToDecide();
      await crashing(world, point, () => secondPass(world, daemon));
      await restart(world, deployment);
      await restart(world, deployment);
      expectWhole(world);
      expect(world.target.acts()).toBe(1);
      expect(ofType(world, "rollback.verified")).toHaveLength(1);
    });

    it(`${where}: a script is run at most once, and the log says how it ended`, async () => {
      const { world, daemon } = await aboutToDecide(script);
      await crashing(world, point, () => secondPass(world, daemon));
      await restart(world, script);
      await restart(world, script);
      expectWhole(world);
      expect(world.target.acts()).toBeLessThanOrEqual(1);
    });

    it(`${where}, and the next one at any point of going on: still once, and one end`, async () => {
      const again = points(await goingOn(point));
      const deployments = await Promise.all(again.map((next) => twice(deployment, point, next)));
      expect(deployments.map(({ target }) => target.acts())).toEqual(again.map(() => 1));
      const scripts = await Promise.all(again.map((next) => twice(script, point, next)));
      expect(Math.max(0, ...scripts.map(({ target }) => target.acts()))).toBeLessThanOrEqual(1);
      for (const world of [...deployments, ...scripts]) expectWhole(world);
    });
  }

  async function twice(guarded: typeof deployment, point: CrashPoint, again: CrashPoint): Promise<World> {
    const { world, daemon } = await aboutToDecide(guarded);
    await crashing(world, point, () => secondPass(world, daemon));
    await crashing(world, again, () => restart(world, guarded));
    await restart(world, guarded);
    await restart(world, guarded);
    return world;
  }

  /** The effects of the daemon that goes on after a first crash. */
  async function goingOn(point: CrashPoint): Promise<readonly string[]> {
    const { world, daemon } = await aboutToDecide();
    await crashing(world, point, () => secondPass(world, daemon));
    return crashing(world, undefined, () => restart(world, deployment));
  }
});

const BEFORE_ACT: CrashPoint = { nth: EFFECTS.indexOf("act") + 1, when: "before" };

describe("an intent that a crash left without its act", () => {
  it("is not carried out when it is no longer about the present: interrupted, told, and not tried again", async () => {
    const { world, daemon } = await aboutToDecide();
    await crashing(world, BEFORE_ACT, () => secondPass(world, daemon));
    world.at += deployment.rollback.timeoutMs;
    await restart(world, deployment);
    expect(ofType(world, "rollback.failed")).toMatchObject([{ reason: "interrupted" }]);
    expect(world.target.acts()).toBe(0);
  });

  it("is overtaken by a fix that was shipped meanwhile", async () => {
    const { world, daemon } = await aboutToDecide();
    await crashing(world, BEFORE_ACT, () => secondPass(world, daemon));
    world.target.ship("v3", world.at);
    world.prometheus.put("errors:ratio", drawn(".", 0));
    await restart(world, deployment);
    expect(ofType(world, "rollback.failed")).toMatchObject([{ reason: "superseded" }]);
    expect(world.target.running()).toBe("v3");
  });

  it("trap 27: is not run again when it was a script, even if the target looks untouched", async () => {
    const { world, daemon } = await aboutToDecide(script);
    await crashing(world, BEFORE_ACT, () => secondPass(world, daemon));
    await restart(world, script);
    expect(ofType(world, "rollback.failed")).toMatchObject([{ reason: "interrupted" }]);
    expect(world.target.acts()).toBe(0);
  });

  it("is not carried out by a policy that was set to observe meanwhile", async () => {
    const { world, daemon } = await aboutToDecide();
    await crashing(world, BEFORE_ACT, () => secondPass(world, daemon));
    await restart(world, policy({ mode: "observe" }));
    expect(ofType(world, "rollback.failed")).toMatchObject([{ reason: "interrupted" }]);
    expect(world.target.acts()).toBe(0);
  });

  it("trap 27: is not carried out by another strategy than the one that may have begun it", async () => {
    const { world, daemon } = await aboutToDecide(script);
    await crashing(world, BEFORE_ACT, () => secondPass(world, daemon));
    await restart(world, deployment);
    expect(ofType(world, "rollback.failed")).toMatchObject([{ reason: "interrupted" }]);
    expect(world.target.acts()).toBe(0);
  });
});
