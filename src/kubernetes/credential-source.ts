import { readFileSync } from "node:fs";
import type { Credential } from "./exec-plugin.ts";

/** Where the credential of each request comes from, when it may change while the daemon runs. */
export interface CredentialSource {
  /** Throws when there is none. */
  readonly current: () => Promise<Credential>;
  /** The API server did not accept it. */
  readonly refuse: () => void;
}

/** Reads the file for each request. While it cannot be read, the last token that could be stands. */
export function tokenFileSource(file: string): CredentialSource {
  let last: string | undefined;
  return {
    current: async () => {
      try {
        const token = readFileSync(file, "utf8").trim();
        if (token !== "") last = token;
      } catch (error) {
        if (last === undefined) throw error;
      }
      if (last === undefined) throw new Error(`${file} is empty`);
      return { token: last };
    },
    refuse: () => undefined,
  };
}

/** A credential this young is not asked for anew: another one would be refused as well. */
const YOUNG_MS = 1_000;
/** How long before its end a credential is no longer used; at most half of its life. */
const EARLY_MS = 30_000;

/** Asks a plugin once for all requests: again before the credential expires, and after it was refused. */
export function pluginSource(
  ask: () => Promise<Credential>,
  now: () => number = () => Date.now(),
): CredentialSource {
  let known: { readonly credential: Credential; readonly askedAt: number } | undefined;
  let asking: Promise<Credential> | undefined;

  const isUsable = (): boolean => {
    if (known === undefined) return false;
    const { credential, askedAt } = known;
    if (credential.expiresAt === undefined) return true;
    const early = Math.min(EARLY_MS, Math.max(0, credential.expiresAt - askedAt) / 2);
    return now() < credential.expiresAt - early;
  };
  const renew = async (): Promise<Credential> => {
    try {
      const askedAt = now();
      const credential = await ask();
      known = { credential, askedAt };
      return credential;
    } finally {
      asking = undefined;
    }
  };
  return {
    current: async () => {
      if (known !== undefined && isUsable()) return known.credential;
      asking ??= renew();
      return await asking;
    },
    refuse: () => {
      if (known !== undefined && now() - known.askedAt >= YOUNG_MS) known = undefined;
    },
  };
}
