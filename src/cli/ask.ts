import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import type { RollbackPlan, StandingFreeze } from "../daemon/commands.ts";
import type { ManualReason } from "../decisions/manual-reason.ts";
import { formatStamp } from "../text/format.ts";
import type { Io } from "./io.ts";
import { planText } from "./plan-text.ts";
import type { ExitCode } from "./program-parts.ts";
import { ask, type Reply, type ServerOptions } from "./server-client.ts";

export interface NoteOptions extends ServerOptions {
  readonly note?: string;
}

export interface RollbackOptions extends NoteOptions {
  readonly reason: ManualReason;
  readonly to?: string;
  readonly maintenance?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Asks a person who sits at a terminal; undefined where nobody does. */
export type Confirm = (() => Promise<boolean>) | undefined;

/** Shows what would change, has it agreed to, and has the daemon do it. */
export async function rollBack(
  policy: string,
  options: RollbackOptions,
  io: Io,
  confirm: Confirm = confirmOn(io),
): Promise<ExitCode> {
  const { reason, to, maintenance, dryRun = false, yes = false } = options;
  const path = `policies/${encodeURIComponent(policy)}/rollback`;
  const wanted = {
    reason,
    ...noted(options),
    ...(to !== undefined && { to }),
    ...(maintenance === true && { maintenance }),
  };
  const planned = await ask(options, path, { ...wanted, dryRun: true });
  if (!planned.ok) return refused(planned, io);
  const plan = planned.body["plan"] as RollbackPlan;
  io.out(planText(plan, io));
  if (dryRun) return 0;
  if (!yes && confirm === undefined) {
    io.err("rollbackd: no person is here to agree to this; nothing was done. Add --yes to agree beforehand.");
    return 2;
  }
  if (!yes && (await confirm?.()) !== true) {
    io.err("rollbackd: not agreed to; nothing was done.");
    return 1;
  }
  // What was agreed to, and nothing else that may have become the choice meanwhile.
  const begun = await ask(options, path, {
    ...wanted,
    to: plan.to.revision,
    release: plan.release,
  });
  if (!begun.ok) return refused(begun, io);
  const id = String(begun.body["decisionId"]);
  io.out(`Begun as decision ${id}. It is verified from here on; see how it goes: rollbackd log show ${id}`);
  return 0;
}

export async function freeze(
  policy: string,
  { forMs, ...options }: NoteOptions & { readonly forMs?: number },
  io: Io,
): Promise<ExitCode> {
  const until = forMs === undefined ? {} : { until: new Date(io.now() + forMs).toISOString() };
  const reply = await ask(options, `policies/${encodeURIComponent(policy)}/freeze`, {
    ...noted(options),
    ...until,
  });
  const freezes = freezesIn(reply);
  const all = freezes.length > 1 ? ` Freezes of ${policy}: ${holders(freezes)}.` : "";
  const end =
    freezes[0]?.until === undefined
      ? `until it is resumed: rollbackd resume ${policy}.`
      : `until ${formatStamp(freezes[0].until)}.`;
  return told(reply, `${policy} is frozen: nothing is rolled back automatically ${end}${all}`, io);
}

export async function resume(
  policy: string,
  options: NoteOptions & { readonly holder?: string },
  io: Io,
): Promise<ExitCode> {
  const { holder } = options;
  const reply = await ask(options, `policies/${encodeURIComponent(policy)}/resume`, {
    ...noted(options),
    ...(holder !== undefined && { holder }),
  });
  const left = freezesIn(reply);
  const ended = reply.ok ? String(reply.body["holder"]) : "";
  const next = left.map((each) => `rollbackd resume ${policy} --holder ${each.holder}`).join(" or ");
  return told(
    reply,
    left.length === 0
      ? `${policy} is resumed: automatic rollbacks are possible again.`
      : `The freeze of ${ended} is over. ${policy} stays frozen: ${holders(left)}. To end a freeze of another holder: ${next}`,
    io,
  );
}

function freezesIn(reply: Reply): readonly StandingFreeze[] {
  const found = reply.ok ? reply.body["freezes"] : undefined;
  return Array.isArray(found) ? (found as readonly StandingFreeze[]) : [];
}

function holders(freezes: readonly StandingFreeze[]): string {
  return freezes
    .map(
      ({ holder, until }) =>
        `${holder} ${until === undefined ? "without an end" : `until ${formatStamp(until)}`}`,
    )
    .join(", ");
}

/** A deploy script says which version went live. */
export async function release(
  policy: string,
  version: string,
  options: NoteOptions,
  io: Io,
): Promise<ExitCode> {
  const path = `policies/${encodeURIComponent(policy)}/releases`;
  const reply = await ask(options, path, { version, ...noted(options) });
  const id = reply.ok ? String(reply.body["release"]) : "";
  return told(reply, `${policy} runs ${version} now, as release ${id}; it is watched from here on.`, io);
}

export async function answer(
  verb: "approve" | "reject",
  decision: string,
  options: NoteOptions,
  io: Io,
): Promise<ExitCode> {
  const reply = await ask(options, `decisions/${encodeURIComponent(decision)}/${verb}`, noted(options));
  const next =
    verb === "approve"
      ? `approved. ${afterApproval(reply)} See: rollbackd log follow`
      : "rejected. Nothing is rolled back for this release while the trigger goes on firing.";
  return told(reply, `${decision} is ${next}`, io);
}

function afterApproval(reply: Reply): string {
  const reason = reply.ok ? reply.body["inTheWay"] : undefined;
  return typeof reason === "string"
    ? `Something stands in the way (${reason}): it is rolled back once that is gone, if it still fires and the time to answer is not over.`
    : "Everything is checked once more, then it is rolled back.";
}

function noted({ note }: NoteOptions): { readonly note?: string } {
  return note === undefined ? {} : { note };
}

function told(reply: Reply, sentence: string, io: Io): ExitCode {
  if (!reply.ok) return refused(reply, io);
  io.out(sentence);
  return 0;
}

function refused({ detail, isRefusal }: Extract<Reply, { ok: false }>, io: Io): ExitCode {
  io.err(`rollbackd: ${detail}`);
  return isRefusal ? 1 : 2;
}

function confirmOn({ isTty, err }: Io): Confirm {
  if (!isTty || !process.stdin.isTTY) return undefined;
  return async () => {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    const gone = once(terminal, "close").then(() => "");
    try {
      const said = await Promise.race([terminal.question("Roll back? [y/N] "), gone]);
      return /^y(es)?$/iu.test(said.trim());
    } catch (error) {
      // Ctrl-C and Ctrl-D: whoever leaves has not agreed.
      if (!(error instanceof Error && error.name === "AbortError")) throw error;
      err("");
      return false;
    } finally {
      terminal.close();
    }
  };
}
