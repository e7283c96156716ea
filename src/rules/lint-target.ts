import type { Complain } from "./complain.ts";
import type { Path, RulesDocument } from "./document.ts";
import type { WrittenPolicy } from "./schema.ts";

/** Whether the target can be rolled back in the way that is asked for. */
export function lintStrategy(path: Path, policy: Partial<WrittenPolicy>, complain: Complain): void {
  const { target, rollback } = policy;
  if (target?.script === true && rollback?.strategy === "deployment") {
    complain(
      [...path, "rollback", "strategy"],
      "target",
      "`deployment` needs a target with `deployments`; this one is `script: true`. Use `strategy: script`.",
    );
  }
  if (rollback?.strategy === "script" && rollback.script === undefined) {
    complain([...path, "rollback"], "missing-key", "`strategy: script` needs `script` with a `command`.");
  }
  if (rollback?.strategy === "deployment" && rollback.script !== undefined) {
    complain.key(
      [...path, "rollback", "script"],
      "misplaced-key",
      "`script` would never run: `strategy` is `deployment`. Use `strategy: script` or leave it out.",
    );
  }
}

/** Whether releases of the target can be seen, and how long they may be rolled back. */
export function lintRelease(
  document: RulesDocument,
  path: Path,
  { target, guard }: Partial<WrittenPolicy>,
  complain: Complain,
): void {
  if (target?.script === true) {
    if (target.release === undefined && guard !== "always") {
      complain(
        [...path, "target"],
        "target",
        "Nothing shows when a new version of this target is released, and without that it is never rolled back. Have " +
          "its deploy script call `rollbackd release`, or name `release: {expr: …}`, or set `guard: always`.",
        "warning",
      );
    }
    return;
  }
  if (guard === "always") {
    complain(
      [...path, "guard"],
      "target",
      "`always` is for targets with `script: true`; give a Deployment a duration.",
    );
  }
  if (document.has([...path, "target", "release"])) {
    complain.key(
      [...path, "target", "release"],
      "misplaced-key",
      "A Deployment's releases are seen in the cluster; `release` is for `script: true`.",
    );
  }
}
