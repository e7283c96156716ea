/** How often callers came with a wrong token. */
export interface Attempts {
  /** Seconds until the caller may try again; 0 when it may now. */
  readonly waitSeconds: (peer: string) => number;
  readonly failed: (peer: string) => void;
}

const ALLOWED = 10;
const WINDOW_MS = 60_000;
/** Whoever has a thousand addresses is not stopped by counting them; memory must not grow for it. */
const REMEMBERED_PEERS = 1_000;

/** Ten a minute for each address. */
export function countAttempts(now: () => number): Attempts {
  const failures = new Map<string, readonly number[]>();
  const recent = (peer: string): readonly number[] =>
    (failures.get(peer) ?? []).filter((at) => now() - at < WINDOW_MS);
  return {
    waitSeconds: (peer) => {
      const [oldest, ...others] = recent(peer).slice(-ALLOWED);
      return oldest === undefined || others.length < ALLOWED - 1
        ? 0
        : Math.ceil((oldest + WINDOW_MS - now()) / 1000);
    },
    failed: (peer) => {
      const all = [...recent(peer), now()];
      failures.delete(peer);
      failures.set(peer, all);
      const [eldest] = failures.keys();
      if (failures.size > REMEMBERED_PEERS && eldest !== undefined) failures.delete(eldest);
    },
  };
}
