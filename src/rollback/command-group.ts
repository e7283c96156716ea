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
  while (signalGroup(leader, 0)) {
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
