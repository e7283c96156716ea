import type { Logger } from "pino";
import type { KubeApi } from "../kubernetes/api.ts";
import { mayI, type MayI } from "../kubernetes/may-i.ts";
import type { MissingRights } from "../log/record.ts";
import { createLimit } from "../signals/limit.ts";
import { missingByRole } from "./missing-rights.ts";
import type { RecordInLog } from "./ports.ts";
import type { Right } from "./rights.ts";

/** Which rights rollbackd's account lacks, as of the last look. */
export interface RightsState {
  /** Needed and denied: a rollback would fail. */
  readonly missing: readonly MissingRights[];
  /** Optional and denied: rollbackd works without it. */
  readonly optional: readonly MissingRights[];
  /** Why the API server does not tell some of them; undefined when it told all. */
  readonly unknown: string | undefined;
}

/** As before the first look. */
export const NOTHING_MISSING: RightsState = { missing: [], optional: [], unknown: undefined };

export interface RightsWatch {
  readonly state: () => RightsState;
  /** Asks the API server where it is due. Never two at a time; never throws. */
  readonly look: () => Promise<void>;
}

export interface RightsPorts {
  /** Undefined while no policy needs a cluster. */
  readonly api: () => Pick<KubeApi, "create"> | undefined;
  readonly rights: () => readonly Right[];
  readonly record: RecordInLog;
  /** The missing rights that are on record and not granted since. */
  readonly onRecord: () => readonly MissingRights[];
  readonly logger: Pick<Logger, "info" | "warn">;
  readonly now: () => number;
}

/** Roles change seldom. */
const EVERY_MS = 3 * 60_000;
/** Somebody is waiting for the right to count. */
const WHILE_MISSING_MS = 15_000;
/** Requests at a time. */
const AT_ONCE = 4;

export function createRightsWatch(ports: RightsPorts): RightsWatch {
  const { api, rights, now } = ports;
  const known = new Map<string, "yes" | "no">();
  const said = saying(ports.logger);
  let state: RightsState = NOTHING_MISSING;
  let askedAt = Number.NEGATIVE_INFINITY;
  let askedFor = "";
  return {
    state: () => state,
    look: async () => {
      const kube = api();
      const wanted = kube === undefined ? [] : rights();
      const key = JSON.stringify(wanted);
      const everyMs = state.missing.length > 0 ? WHILE_MISSING_MS : EVERY_MS;
      if (key === askedFor && now() - askedAt < everyMs) return;
      [askedAt, askedFor] = [now(), key];
      const answers = kube === undefined ? [] : await askAll(kube, wanted);
      for (const { right, answer } of answers)
        if (typeof answer === "string") known.set(keyOf(right), answer);
      const denied = wanted.filter((right) => known.get(keyOf(right)) === "no");
      state = {
        missing: missingByRole(denied.filter(({ need }) => need === "needed")),
        optional: missingByRole(denied.filter(({ need }) => need === "optional")),
        unknown: answers.flatMap(({ answer }) => (typeof answer === "string" ? [] : [answer.unknown])).at(0),
      };
      said(state);
      await recordChange(state.missing, ports);
    },
  };
}

async function recordChange(
  missing: readonly MissingRights[],
  { record, onRecord }: RightsPorts,
): Promise<void> {
  const before = onRecord();
  if (JSON.stringify(before) === JSON.stringify(missing)) return;
  await record(missing.length === 0 ? { type: "rights.granted" } : { type: "rights.missing", missing });
}

interface Answered {
  readonly right: Right;
  readonly answer: MayI;
}

/** What holds for a whole namespace is asked once; one object is asked about where the namespace is denied. */
async function askAll(kube: Pick<KubeApi, "create">, rights: readonly Right[]): Promise<readonly Answered[]> {
  const limit = createLimit(AT_ONCE);
  const never = new AbortController().signal;
  const asked = new Map<string, Promise<MayI>>();
  const ask = (right: Right): Promise<MayI> => {
    const key = keyOf(right);
    const asking = asked.get(key) ?? limit(() => mayI(kube, right), never);
    asked.set(key, asking);
    return asking;
  };
  return Promise.all(
    rights.map(async (right) => {
      const { name, ...whole } = right.ref;
      const answer = await ask({ ...right, ref: whole });
      return { right, answer: answer === "no" && name !== undefined ? await ask(right) : answer };
    }),
  );
}

function keyOf({ verb, ref }: Right): string {
  return JSON.stringify([verb, ref.group, ref.resource, ref.namespace, ref.name]);
}

/** What holds back nothing is said when it begins, and when it ends. */
function saying(logger: RightsPorts["logger"]): (state: RightsState) => void {
  let optional = "[]";
  let unknown: string | undefined;
  return (state) => {
    const now = JSON.stringify(state.optional);
    if (now !== optional) {
      for (const { namespace, rules, why } of state.optional) {
        logger.warn(
          { namespace, rules },
          `an optional right is missing; rollbackd works without it: ${why.join("; ")}`,
        );
      }
      if (state.optional.length === 0) logger.info("no optional right is missing any more");
    }
    if ((state.unknown === undefined) !== (unknown === undefined)) {
      if (state.unknown === undefined) logger.info("the API server tells again which rights rollbackd has");
      else
        logger.warn(
          `whether rollbackd has its rights is unknown; a missing one shows when it is used: ${state.unknown}`,
        );
    }
    optional = now;
    ({ unknown } = state);
  };
}
