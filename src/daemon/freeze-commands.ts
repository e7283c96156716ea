import { type Freeze, holdersText, standing } from "../decisions/freeze.ts";
import type { Commands, Refusal, StandingFreeze } from "./commands.ts";
import type { History } from "./history.ts";
import { standingFreeze } from "./standing-freeze.ts";
import { noted, recordAndWeigh, type WeighPorts } from "./record-and-weigh.ts";
import { refused, unknownPolicy, UNWRITABLE } from "./refusals.ts";

export interface FreezePorts extends WeighPorts {
  readonly history: Pick<History, "isInForce" | "freezes">;
  /** Epoch ms. */
  readonly now: () => number;
}

/** Begins and ends the freezes of holders, each beside those of the others. */
export function freezeCommands(ports: FreezePorts): Pick<Commands, "freeze" | "resume"> {
  return {
    freeze: (policy, request, by) => freeze({ policy, by }, request, ports),
    resume: (policy, request, by) => resume({ policy, by }, request, ports),
  };
}

interface About {
  readonly policy: string;
  readonly by: string;
}

async function freeze(
  { policy, by }: About,
  { note, untilMs }: Parameters<Commands["freeze"]>[1],
  ports: FreezePorts,
): ReturnType<Commands["freeze"]> {
  if (!ports.history.isInForce(policy)) return unknownPolicy(policy);
  // What is no instant must not become a freeze without an end.
  if (untilMs !== undefined && Number.isNaN(new Date(untilMs).getTime())) {
    return { ok: false, kind: "invalid", detail: "The end of the freeze is no instant. Name one to come." };
  }
  if (untilMs !== undefined && untilMs <= ports.now()) {
    return refused("until-past", "The end of the freeze has passed already. Name an instant to come.");
  }
  const until = untilMs === undefined ? {} : { until: new Date(untilMs).toISOString() };
  const body = { type: "operator.freeze", policy, by, ...noted(note), ...until } as const;
  if ((await recordAndWeigh(body, ports)) === undefined) return UNWRITABLE;
  return { ok: true, ...until, freezes: freezesOf(policy, ports) };
}

async function resume(
  { policy, by }: About,
  { note, holder: named = by }: Parameters<Commands["resume"]>[1],
  ports: FreezePorts,
): ReturnType<Commands["resume"]> {
  if (!ports.history.isInForce(policy)) return unknownPolicy(policy);
  const frozen = standing(ports.history.freezes(policy), ports.now());
  if (frozen.length === 0) {
    return refused("not-frozen", `${policy} is not frozen, so there is nothing to resume.`);
  }
  const holder = holderNamed(named, frozen);
  if (holder === undefined) return notTheHolder({ policy, named, isOwn: named === by }, frozen);
  const body = { type: "operator.resume", policy, by, holder, ...noted(note) } as const;
  if ((await recordAndWeigh(body, ports)) === undefined) return UNWRITABLE;
  return { ok: true, holder, freezes: freezesOf(policy, ports) };
}

/** `alice` names `token:alice` where no other holder is called so. */
function holderNamed(named: string, frozen: readonly Freeze[]): string | undefined {
  const holders = frozen.map(({ by }) => by);
  if (holders.includes(named)) return named;
  const short = holders.filter((by) => by.slice(by.indexOf(":") + 1) === named);
  return short.length === 1 ? short[0] : undefined;
}

/** A freeze of another is ended on purpose or not at all. */
function notTheHolder(
  { policy, named, isOwn }: { readonly policy: string; readonly named: string; readonly isOwn: boolean },
  frozen: readonly Freeze[],
): Refusal {
  const holders = frozen.map(({ by }) => by);
  const commands = holders.map((by) => `rollbackd resume ${policy} --holder ${by}`).join(" or ");
  const who = isOwn
    ? `You (${named}) hold no freeze of ${policy}.`
    : `${named} holds no freeze of ${policy}.`;
  const detail = `${who} It is frozen by ${holdersText(frozen)}. To end a freeze of another holder: ${commands}`;
  return { ...refused("not-holder", detail), holders };
}

function freezesOf(policy: string, { history, now }: FreezePorts): readonly StandingFreeze[] {
  return standing(history.freezes(policy), now()).map(standingFreeze);
}
