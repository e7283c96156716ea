import type { Static } from "typebox";
import type { POLICIES } from "../server/schemas.ts";
import type { Io } from "./io.ts";
import type { ExitCode } from "./program-parts.ts";
import { get, type ServerOptions, serverOf } from "./server-client.ts";
import { type PolicyStatus, statusText } from "./status-text.ts";

export interface StatusOptions extends ServerOptions {
  readonly format: "text" | "json";
}

/**
 * Shows how policies are doing. Exit code 0 when all is known to be well, 1 when it is not or is not known, 2 when it
 * could not be asked.
 */
export async function status(policy: string | undefined, options: StatusOptions, io: Io): Promise<ExitCode> {
  const reply = await get(
    options,
    policy === undefined ? "policies" : `policies/${encodeURIComponent(policy)}`,
  );
  if (!reply.ok) {
    io.err(`rollbackd: ${reply.detail}`);
    return 2;
  }
  const policies = policiesIn(reply.text, policy !== undefined);
  if (policies === undefined) {
    io.err(
      `rollbackd: what answers at ${serverOf(options)} is not rollbackd. Name another address with --server.`,
    );
    return 2;
  }
  if (options.format === "json") io.out(JSON.stringify({ policies }));
  else if (policies.length === 0) {
    io.out("No policy is in force. Next: ask /health/ready of the daemon what hinders it.");
  } else io.out(policies.map((each) => statusText(each, io)).join("\n\n"));
  return policies.length > 0 && policies.every(isWell) ? 0 : 1;
}

/** Undefined where it is something else. */
function policiesIn(text: string, isOne: boolean): readonly PolicyStatus[] | undefined {
  try {
    const body = JSON.parse(text) as Partial<PolicyStatus & Static<typeof POLICIES>>;
    if (!isOne) return body.policies;
    return body.triggers === undefined ? undefined : [body as PolicyStatus];
  } catch {
    return undefined;
  }
}

/** What is not known is not well; that people hold automation back says nothing about the release. */
function isWell({ unseen, evaluatedAt, sight, triggers, pendingApproval, rollback }: PolicyStatus): boolean {
  const isSeen = unseen === undefined && evaluatedAt !== undefined && sight === "sighted";
  const isQuiet = triggers.every(({ state }) => state === "inactive");
  return isSeen && isQuiet && pendingApproval === undefined && rollback === undefined;
}
