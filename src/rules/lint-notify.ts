import type { Complain } from "./complain.ts";
import type { Path } from "./document.ts";
import type { WrittenPolicy, WrittenTrigger } from "./schema.ts";
import { listAt } from "./validate.ts";

type Asking = Pick<Partial<WrittenTrigger>, "mode" | "vulnerability">;

/** Whether a person who is asked hears of it. */
export function lintNotify(path: Path, policy: Partial<WrittenPolicy>, complain: Complain): void {
  const { notify = [] } = policy;
  if (asksPeople(policy) && !notify.some((channel) => channel !== "statuspage")) {
    complain(
      path,
      "notify",
      "This policy asks a person before it acts, and no channel of `notify` reaches one. Name `slack`, `pagerduty` or `webhook`.",
      "warning",
    );
  }
}

function asksPeople(policy: Partial<WrittenPolicy>): boolean {
  if (policy.mode !== "approve" && policy.mode !== "enforce") return false;
  const triggers = listAt(policy, "triggers") as readonly (Asking | null)[];
  return policy.mode === "approve"
    ? triggers.some((trigger) => trigger?.mode !== "observe")
    : triggers.some((trigger) => asksByItself(trigger ?? {}));
}

function asksByItself({ mode, vulnerability }: Asking): boolean {
  return mode === "approve" || (mode === undefined && vulnerability !== undefined);
}
