import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { type Static, Type } from "typebox";
import { parse } from "yaml";
import type { Authority, Verdict } from "./access.ts";

const TOKEN = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    sha256: Type.String({ pattern: "^[0-9a-fA-F]{64}$" }),
    scopes: Type.Array(Type.Unsafe<"read" | "operate">({ enum: ["read", "operate"] }), { minItems: 1 }),
    policies: Type.Optional(Type.Array(Type.String())),
    /** RFC 3339. */
    expires: Type.Optional(Type.String({ pattern: "^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+(Z|[+-]\\d\\d:\\d\\d)$" })),
  },
  { additionalProperties: false },
);
type Token = Static<typeof TOKEN>;

const isTokens = new Ajv().compile<Token[]>(Type.Array(TOKEN));

/** What is wrong with the file of tokens, where it is and what was expected; never what it holds. */
class TokensError extends Error {
  override readonly name = "TokensError";
}

export interface TokensFileParts {
  readonly file: string;
  readonly now: () => number;
  /** Told once of each new problem. */
  readonly onProblem: (problem: string) => void;
}

/**
 * Tokens of the operator's own, by their hashes. The file is read at each use, so that a token that was taken out is
 * out at once; while it cannot be read or is wrong, nobody is let in by it.
 */
export function tokensFile({ file, now, onProblem }: TokensFileParts): Authority {
  let told: string | undefined;
  return async (secret, bid) => {
    try {
      const tokens = readTokens(file);
      told = undefined;
      const token = tokens.find(({ sha256 }) => isHashOf(sha256, secret));
      return token && judge(token, bid, now());
    } catch (error) {
      const problem = (error as Error).message;
      if (problem !== told) onProblem(problem);
      told = problem;
      return UNREADABLE;
    }
  };
}

const UNREADABLE: Verdict = {
  ok: false,
  status: 503,
  detail: "The file of ROLLBACKD_API_TOKENS_FILE cannot be used now; the log of rollbackd says why.",
};

/** Throws TokensError. */
function readTokens(file: string): readonly Token[] {
  const where = `apiTokensFile (ROLLBACKD_API_TOKENS_FILE) ${file}`;
  let tokens: unknown;
  try {
    tokens = parse(readFileSync(file, "utf8"), { logLevel: "silent", prettyErrors: false });
  } catch (error) {
    throw new TokensError(`${where}: cannot be read: ${(error as Error).message}`);
  }
  if (isTokens(tokens)) return tokens;
  const [first] = isTokens.errors ?? [];
  const key = first?.instancePath.slice(1).replaceAll("/", ".") ?? "";
  const what = first?.params["additionalProperty"] ?? first?.params["missingProperty"] ?? "";
  throw new TokensError(
    `${where}: ${key === "" ? "the file" : `key ${key}`} ${first?.message ?? "is wrong"}${what === "" ? "" : ` (${String(what)})`}; ` +
      "expected a list of {name, sha256 (64 hex digits), scopes: [read, operate], and if wanted policies: [NAME], " +
      "expires: 2027-01-31T00:00:00Z}",
  );
}

function isHashOf(sha256: string, secret: string): boolean {
  return timingSafeEqual(createHash("sha256").update(secret).digest(), Buffer.from(sha256, "hex"));
}

function judge(
  { name, scopes, policies, expires }: Token,
  { scope, policy }: Parameters<Authority>[1],
  at: number,
): Verdict {
  const by = `token:${name}`;
  // A time that means nothing counts as past.
  if (expires !== undefined && !(Date.parse(expires) > at)) {
    return {
      ok: false,
      status: 401,
      by,
      detail: `The token ${name} expired at ${expires}. Ask for a new one.`,
    };
  }
  const may = scopes.includes(scope) || (scope === "read" && scopes.includes("operate"));
  if (!may) {
    return {
      ok: false,
      status: 403,
      by,
      detail: `The token ${name} lacks the scope ${scope}. Ask for one that has it.`,
    };
  }
  if (policies !== undefined && scope === "operate" && (policy === undefined || !policies.includes(policy))) {
    const detail = `The token ${name} is good for these policies only: ${policies.join(", ")}.`;
    return { ok: false, status: 403, by, detail };
  }
  return { ok: true, by };
}
