import { foremost, type Veto, vetoOf } from "../decisions/veto.ts";
import { slotAt } from "../engine/slots.ts";
import type { Seen } from "./seen.ts";
import type { PassPorts } from "./ports.ts";

/** What holds triggers back now, by their names; those that may act are not in it. */
export type Vetoes = ReadonlyMap<string, Veto>;

/** Asks every `unless` of the triggers that fire, each expression once, at the newest slot: as a replay would. */
export async function askVetoes(
  { at, policy, watched }: Seen,
  ports: Pick<PassPorts, "instant" | "skewMs">,
): Promise<Vetoes> {
  const firing = policy.triggers.filter(({ name }) => watched.get(name)?.track.status.state === "firing");
  const exprs = [...new Set(firing.flatMap(({ unless = [] }) => unless))];
  const slot = slotAt(at + ports.skewMs() - policy.queryOffsetMs, policy.intervalMs);
  const asked = exprs.map(async (expr) => [expr, vetoOf(expr, await ports.instant(expr, slot))] as const);
  const said = new Map(await Promise.all(asked));
  return new Map(
    firing.flatMap(({ name, unless = [] }) => {
      const veto = foremost(unless.flatMap((expr) => said.get(expr) ?? []));
      return veto === undefined ? [] : [[name, veto]];
    }),
  );
}
