import { incidentKey, type Message } from "./message.ts";
import { MASS_KEY } from "./decision.ts";

/** An incident that ends when its triggers do. */
export interface Incident {
  readonly dedupKey: string;
  readonly target: string;
  /** When it began. */
  readonly since: string;
  /** It is over when none of these has a trigger that fires or is not known to have stopped. */
  readonly policies: Set<string>;
  /** Keys of the pages that rang although it was open; they end with it. */
  readonly rings: Set<string>;
  /** A rollback is on its way, whose end is said by its own record. */
  acting: boolean;
}

interface OfRollback {
  readonly target: string;
  readonly release: string;
}

/** The incidents that are open, and what fires in them. */
export interface Incidents {
  readonly open: (
    dedupKey: string,
    about: { readonly policy: string; readonly target: string; readonly at: string },
  ) => void;
  readonly isOpen: (dedupKey: string) => boolean;
  /** Pages with a key of their own end with the incident that they belong to. */
  readonly noteRing: (message: Message) => void;
  readonly setActing: (of: OfRollback, acting: boolean) => void;
  readonly fires: (policy: string, trigger: string) => void;
  readonly stops: (policy: string, trigger: string) => void;
  /** Policies that are gone fire no more. */
  readonly forget: (isGone: (policy: string) => boolean) => void;
  readonly isQuiet: (policy: string) => boolean;
  /** Forgets the incident, and gives back the ends of the pages that rang for it. */
  readonly end: (dedupKey: string, end: Message) => readonly Message[];
  /** Forgets those in which nothing fires and nothing acts, and gives back what `endOf` says of each, with their rings' ends. */
  readonly endQuiet: (
    of: (incident: Incident) => boolean,
    endOf: (incident: Incident) => Message,
  ) => readonly Message[];
}

export function createIncidents(): Incidents {
  const incidents = new Map<string, Incident>();
  /** Triggers that fired and were not seen to resolve, by policy. An unknown trigger has not resolved. */
  const firing = new Map<string, Set<string>>();
  const isQuiet = (policy: string): boolean => (firing.get(policy)?.size ?? 0) === 0;
  return {
    open: (dedupKey, about) => {
      const known = incidents.get(dedupKey) ?? newIncident(dedupKey, about);
      known.policies.add(about.policy);
      incidents.set(dedupKey, known);
    },
    isOpen: (dedupKey) => incidents.has(dedupKey),
    noteRing: ({ event, dedupKey, incident }) => {
      if (incident === undefined) return;
      if (event === "trigger") incidents.get(incident)?.rings.add(dedupKey);
      // One that ended before its incident has no second end.
      else if (event === "resolve") incidents.get(incident)?.rings.delete(dedupKey);
    },
    setActing: ({ target, release }, acting) => {
      const incident = incidents.get(incidentKey(target, release));
      if (incident !== undefined) incident.acting = acting;
    },
    fires: (policy, trigger) => {
      firing.set(policy, (firing.get(policy) ?? new Set()).add(trigger));
    },
    stops: (policy, trigger) => {
      firing.get(policy)?.delete(trigger);
    },
    forget: (isGone) => {
      for (const policy of [...firing.keys()].filter(isGone)) firing.delete(policy);
    },
    isQuiet,
    end: (dedupKey, end) => {
      const over = incidents.get(dedupKey);
      incidents.delete(dedupKey);
      return over === undefined ? [] : ringEnds(over, end);
    },
    endQuiet: (of, endOf) => {
      const over = [...incidents.values()].filter(
        (incident) => !incident.acting && of(incident) && [...incident.policies].every(isQuiet),
      );
      over.forEach(({ dedupKey }) => incidents.delete(dedupKey));
      return over.flatMap((incident) => {
        const end = endOf(incident);
        return [end, ringEnds(incident, end)].flat();
      });
    },
  };
}

function newIncident(
  dedupKey: string,
  { target, at }: { readonly target: string; readonly at: string },
): Incident {
  return {
    dedupKey,
    target: dedupKey === MASS_KEY ? "Many targets" : target,
    since: at,
    policies: new Set(),
    rings: new Set(),
    acting: false,
  };
}

/** What was said of the end of the incident, for the pages that it rang. */
function ringEnds({ dedupKey, rings }: Incident, end: Message): readonly Message[] {
  return Array.from(rings, (key) => ({ ...end, dedupKey: key, incident: dedupKey, closes: true as const }));
}
