import type { ProbeSpec } from "../rules/policy.ts";
import { readAuthorities } from "./authorities.ts";

/** The file of authorities that a probe names cannot be used: the prober's trouble, not the target's. */
class TrustError extends Error {
  readonly code = "TRUST";
}

/** Whom a probe over https believes, as options of a connection; read anew each time. Throws TrustError. */
export function trustOf({ tls }: ProbeSpec): { readonly ca?: string; readonly rejectUnauthorized?: boolean } {
  if (tls === undefined) return {};
  if (tls.trust === "anybody") return { rejectUnauthorized: false };
  try {
    return { ca: readAuthorities(tls.file) };
  } catch (error) {
    throw new TrustError(`the file of \`tls.ca\` cannot be used: ${(error as Error).message}`);
  }
}
