import type { Refusal } from "./commands.ts";

export const UNWRITABLE: Refusal = {
  ok: false,
  kind: "unavailable",
  reason: "log-unwritable",
  detail:
    "The decision log cannot be written, and nothing is done without a record. Free space, then ask again.",
};

export function unknownPolicy(policy: string): Refusal {
  return { ok: false, kind: "not-found", detail: `There is no policy ${policy} in force. Check its name.` };
}

export function refused(reason: string, detail: string): Refusal {
  return { ok: false, kind: "refused", reason, detail };
}
