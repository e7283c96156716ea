import { describe, expect, it } from "vitest";
import { createTeller } from "../../src/notifications/teller.ts";
import type { RecordBody } from "../../src/log/record.ts";
import { decision, started } from "./story.ts";

const ID = "20260302T100600Z-3f9a1c";
const about = { policy: "api", target: "shop/api", release: "shop/api@7", decisionId: ID };
const waiting = (...reasons: readonly string[]): RecordBody => ({
  type: "rollback.waiting",
  ...about,
  detail: `0 of 3 pods updated, 0 available, 3 old still there; ${reasons.join("; ")}`,
  reasons,
});
const failed: RecordBody = {
  type: "rollback.failed",
  ...about,
  reason: "rollout-timeout",
  detail: "rollout not complete",
};

function tell(...bodies: readonly RecordBody[]) {
  const teller = createTeller();
  return bodies.map((body, seq) =>
    teller({ ...body, seq: seq + 1, at: "2026-03-02T10:06:00.000Z", prev: "", hash: `h${seq}` }),
  );
}

describe("pods that do not get ready after a rollback", () => {
  it("page at once under a key of its own with how many pods are updated, and do not say that it was rolled back", () => {
    const [rolling, , blocked] = tell(decision(ID), started(ID), waiting("ImagePullBackOff: no such image"));
    const [page] = blocked ?? [];
    expect(page).toMatchObject({ event: "trigger", severity: "critical", incident: rolling?.[0]?.dedupKey });
    expect(page?.dedupKey).not.toBe(rolling?.[0]?.dedupKey);
    expect(page?.title).toBe("Pods of 6 do not get ready on shop/api: ImagePullBackOff: no such image");
    expect(page?.lines.join(" ")).toMatch(/0 of 3 pods updated.*kubectl -n shop get pods/u);
    expect(page?.lines.join(" ")).not.toMatch(/put back|rolled back/u);
  });

  it.each(["Unschedulable: 0/3 nodes are available", "ErrImagePull: timeout"])(
    "wake no one when that often passes: %s",
    (reason) => {
      const told = tell(decision(ID), started(ID), waiting(reason));
      expect(told.at(-1)).toMatchObject([{ event: "info", severity: "warning" }]);
    },
  );

  it("say with the failure that not all pods run the earlier revision", () => {
    const told = tell(decision(ID), started(ID), waiting("FailedCreate: exceeded quota: few"), failed);
    const text = told.at(-1)?.flatMap(({ lines }) => lines) ?? [];
    expect(text.join(" ")).toContain("not all of its pods run");
    expect(text.join(" ")).not.toContain("was put back in the place");
  });
});
