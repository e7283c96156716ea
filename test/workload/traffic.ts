import { Agent, request } from "undici";

export interface TrafficOptions {
  /** Base URLs to call in turn, asked anew for each request; while it is empty, requests are skipped. */
  readonly targets: () => readonly string[];
  readonly perSecond: number;
  /** While so many requests are under way, further ones are skipped: slow answers must not pile up. Default 64. */
  readonly maxInFlight?: number;
}

export interface TrafficCounts {
  readonly ok: number;
  /** Answered 500 or above. */
  readonly errors: number;
  /** Never answered: refused, reset, or longer than 15 s. */
  readonly lost: number;
  /** Never sent: nobody to send to, or too many under way. */
  readonly skipped: number;
}

export interface Traffic {
  readonly counts: () => TrafficCounts;
  /** Requests a second from now on; 0 pauses. */
  readonly setRate: (perSecond: number) => void;
  /** Sends no more; requests under way are abandoned. */
  readonly stop: () => Promise<void>;
}

/** Steady users: one request at a time at even distances, to loopback services only. */
export function startTraffic({ targets, perSecond, maxInFlight = 64 }: TrafficOptions): Traffic {
  const dispatcher = new Agent({ connections: maxInFlight });
  const counts = { ok: 0, errors: 0, lost: 0, skipped: 0 };
  let inFlight = 0;
  let turn = 0;
  let timer: NodeJS.Timeout | undefined;

  const send = async (base: string): Promise<void> => {
    inFlight += 1;
    try {
      const response = await request(base, { dispatcher, signal: AbortSignal.timeout(15_000) });
      await response.body.dump();
      counts[response.statusCode >= 500 ? "errors" : "ok"] += 1;
    } catch {
      counts.lost += 1;
    } finally {
      inFlight -= 1;
    }
  };
  const next = (): void => {
    const bases = targets();
    const base = bases[turn % bases.length];
    if (base === undefined || inFlight >= maxInFlight) {
      counts.skipped += 1;
      return;
    }
    assertLoopback(base);
    turn += 1;
    void send(base);
  };
  const setRate = (rate: number): void => {
    clearInterval(timer);
    timer = rate > 0 ? setInterval(next, 1000 / rate) : undefined;
  };
  setRate(perSecond);
  return {
    counts: () => ({ ...counts }),
    setRate,
    stop: async () => {
      clearInterval(timer);
      await dispatcher.destroy();
    },
  };
}

function assertLoopback(base: string): void {
  if (!new URL(base).hostname.startsWith("127.")) {
    throw new Error(`traffic goes to 127.0.0.0/8 only, not to ${base}`);
  }
}
