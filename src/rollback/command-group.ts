import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 20;
/** The kernel ends what was sent SIGKILL at once, unless it is stuck in a device; nobody waits for that. */
const KILL_WAIT_MS = 1_000;

export interface Patience {
  /** How long the group may end by itself before it is told to. */
  readonly settleMs: number;
  /** How long after SIGTERM before SIGKILL. */
  readonly graceMs: number;
}

/** Ends a process group: waits, SIGTERM, waits, SIGKILL. Returns when it is gone or cannot be reached; never throws. */
export async function endGroup(leader: number, patience: Patience): Promise<void> {
  if (await gone(leader, patience.settleMs)) return;
  signalGroup(leader, "SIGTERM");
  if (await gone(leader, patience.graceMs)) return;
  signalGroup(leader, "SIGKILL");
  await gone(leader, KILL_WAIT_MS);
}

async function gone(leader: number, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (signalGroup(leader, 0) && hasLivingMember(leader)) {
    if (performance.now() >= deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** False when there is nothing (left) to signal, or nothing that this process may signal. */
function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch {
    return false;
  }
}

/**
 * An orphan that ended stays in its group until process 1 collects it, which in a container may be never.
 * Where there is no /proc to tell, whatever is in the group counts as living.
 */
function hasLivingMember(leader: number): boolean {
  let pids: readonly string[];
  try {
    pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return true;
  }
  return pids.length === 0 || pids.some((pid) => isLivingMember(pid, leader));
}

function isLivingMember(pid: string, leader: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name before these may hold spaces and brackets; the last bracket ends it.
    const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(group) === leader && state !== "Z" && state !== "X";
  } catch {
    return false;
  }
}
