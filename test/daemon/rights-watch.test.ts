import { describe, expect, it } from "vitest";
import { healthView, type HealthSource } from "../../src/daemon/health-view.ts";
import { createHistory } from "../../src/daemon/history.ts";
import { type PolicySeen, rightsOf } from "../../src/daemon/rights.ts";
import { createRightsWatch } from "../../src/daemon/rights-watch.ts";
import { KubeError } from "../../src/kubernetes/error.ts";
import { memoryLog } from "../notifications/memory-log.ts";
import { MINUTE, policy, SECOND, TEN } from "../support/model.ts";

interface Asked {
  readonly verb: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}
type Answer = { allowed: boolean; evaluationError?: string } | undefined;

const SEEN: readonly PolicySeen[] = [{ policy: policy(), owners: [] }];

/** An API server whose answers a test changes. */
function start(answer: (asked: Asked) => Answer) {
  const log = memoryLog();
  const history = createHistory();
  log.onAppended(history.apply);
  const lines: string[] = [];
  const world = { at: TEN, answer, asked: [] as Asked[], seen: SEEN, full: false };
  const logger = {
    info: (...args: unknown[]) => void lines.push(`info ${String(args.at(-1))}`),
    warn: (...args: unknown[]) => void lines.push(`warn ${String(args.at(-1))}`),
  };
  const another = () =>
    createRightsWatch({
      api: () => ({
        create: async <T>(_ref: unknown, body: object): Promise<T> => {
          const { spec } = body as { spec: { resourceAttributes: Asked } };
          world.asked.push(spec.resourceAttributes);
          const status = world.answer(spec.resourceAttributes);
          if (status === undefined) throw new KubeError("forbidden", "Could not create: no. Add a rule.");
          return { status } as T;
        },
      }),
      rights: () => rightsOf(world.seen, { argocdNamespace: "argocd" }),
      record: async (body) => (world.full ? undefined : log.append(body, world.at)),
      onRecord: history.missingRights,
      logger,
      now: () => world.at,
    });
  const watch = another();
  const health = (): ReturnType<typeof healthView> =>
    healthView({
      version: "1",
      startedAt: TEN,
      now: () => world.at,
      rules: () => ({ loadedAt: TEN, problems: [] }),
      log: () => ({ head: { seq: 1, hash: "" }, unwritable: undefined, readUntil: undefined }),
      running: () => [],
      rights: watch.state,
    } satisfies HealthSource);
  const later = async (ms: number): Promise<void> => {
    world.at += ms;
    await watch.look();
  };
  return {
    watch,
    another,
    world,
    lines,
    health,
    later,
    types: () => log.records.map(({ type }) => type),
    log,
  };
}

const all = (): Answer => ({ allowed: true });
const noPatch = ({ verb, resource }: Asked): Answer => ({
  allowed: !(verb === "patch" && resource === "deployments"),
});

describe("a needed right that is missing", () => {
  it("makes rollbackd unready, with the line to add to the Role and the command that checks it", async () => {
    const { watch, health } = start(noPatch);
    await watch.look();
    expect(health().hindrances()).toEqual([
      {
        what: "kubernetes",
        detail: expect.stringMatching(
          /Role in namespace "vcci-production".*\{apiGroups: \["apps"\], resources: \["deployments"\], verbs: \["patch"\]\}.*vcci-api/u,
        ),
        nextStep: expect.stringContaining("kubectl -n vcci-production auth can-i patch deployments"),
      },
    ]);
    expect(health().detailed().rights.missing).toHaveLength(1);
  });

  it("is recorded once, and once more when it is granted", async () => {
    const { watch, world, later, types, health } = start(noPatch);
    await watch.look();
    await later(20 * SECOND);
    await later(20 * SECOND);
    expect(types()).toEqual(["rights.missing"]);
    world.answer = all;
    await later(20 * SECOND);
    expect(types()).toEqual(["rights.missing", "rights.granted"]);
    expect(health().hindrances()).toEqual([]);
  });

  it("is recorded anew when it is another one", async () => {
    const { watch, world, later, types } = start(noPatch);
    await watch.look();
    world.answer = ({ resource }) => ({ allowed: resource !== "pods" });
    await later(20 * SECOND);
    expect(types()).toEqual(["rights.missing", "rights.missing"]);
  });

  it("is recorded later when the log cannot be written at first", async () => {
    const { watch, world, later, types } = start(noPatch);
    world.full = true;
    await watch.look();
    world.full = false;
    await later(20 * SECOND);
    expect(types()).toEqual(["rights.missing"]);
  });

  it("is not recorded again after a restart that finds the same one missing", async () => {
    const { watch, another, types } = start(noPatch);
    await watch.look();
    await another().look();
    expect(types()).toEqual(["rights.missing"]);
  });

  it("stays missing while the API server does not answer", async () => {
    const { watch, world, later, health, types } = start(noPatch);
    await watch.look();
    world.answer = () => undefined;
    await later(20 * SECOND);
    expect(health().hindrances()).toHaveLength(1);
    expect(types()).toEqual(["rights.missing"]);
  });

  it("is none of one object where the Role allows that object by name", async () => {
    const { watch, health, world } = start(({ resource, name }) => ({
      allowed: resource !== "deployments" || name === "vcci-api",
    }));
    await watch.look();
    expect(health().hindrances()).toEqual([]);
    expect(world.asked).toContainEqual(expect.objectContaining({ verb: "patch", name: "vcci-api" }));
  });

  it("is forgotten when its policy is taken out of the rules", async () => {
    const { watch, world, later, types } = start(noPatch);
    await watch.look();
    world.seen = [];
    await later(SECOND);
    expect(types()).toEqual(["rights.missing", "rights.granted"]);
  });
});

describe("an optional right that is missing", () => {
  it("is said once, leaves rollbackd ready, and is said again when it is granted", async () => {
    const { watch, world, later, health, lines, types } = start(({ resource }) => ({
      allowed: resource !== "secrets",
    }));
    await watch.look();
    await later(4 * MINUTE);
    expect(lines).toEqual([expect.stringMatching(/^warn an optional right is missing.*Secrets/u)]);
    expect(health().hindrances()).toEqual([]);
    expect(types()).toEqual([]);
    expect(watch.state().optional).toHaveLength(1);
    world.answer = all;
    await later(4 * MINUTE);
    expect(lines.at(-1)).toBe("info no optional right is missing any more");
  });
});

describe("an API server that does not tell", () => {
  it.each<[string, Answer]>([
    ["because it refuses the question", undefined],
    ["because an authorizer failed", { allowed: false, evaluationError: "webhook timed out" }],
  ])("%s leaves rollbackd ready, and is said once", async (_, answer) => {
    const { watch, world, later, health, lines, types } = start(() => answer);
    await watch.look();
    await later(4 * MINUTE);
    expect(health().hindrances()).toEqual([]);
    expect(types()).toEqual([]);
    expect(lines).toEqual([expect.stringMatching(/^warn whether rollbackd has its rights is unknown/u)]);
    world.answer = all;
    await later(4 * MINUTE);
    expect(lines.at(-1)).toMatch(/^info the API server tells again/u);
  });
});

describe("the questions", () => {
  it("are asked every three minutes, every 15 s while a right is missing, and at once for new policies", async () => {
    const { watch, world, later } = start(all);
    const count = async (ms: number): Promise<number> => {
      world.asked = [];
      await later(ms);
      return world.asked.length;
    };
    await watch.look();
    expect(await count(2 * MINUTE)).toBe(0);
    expect(await count(MINUTE)).toBeGreaterThan(0);
    world.seen = [...SEEN, { policy: policy({ name: "other" }), owners: [] }];
    expect(await count(SECOND)).toBeGreaterThan(0);
    world.answer = noPatch;
    expect(await count(3 * MINUTE)).toBeGreaterThan(0);
    expect(await count(14 * SECOND)).toBe(0);
    expect(await count(SECOND)).toBeGreaterThan(0);
  });

  it("are asked once for a hundred policies of one namespace", async () => {
    const { watch, world } = start(all);
    world.seen = Array.from({ length: 100 }, (_, at) => ({
      policy: policy({
        name: `p${at}`,
        target: { kind: "deployment", namespace: "shop", deployment: `d${at}` },
      }),
      owners: [],
    }));
    await watch.look();
    expect(world.asked.length).toBeLessThan(15);
  });
});
