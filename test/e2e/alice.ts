import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, type Ended, rollbackd } from "../support/daemon.ts";
import type { Stage } from "./stage.ts";

export const SECRET = "alice-has-this-secret";

/** Runs rollbackd on a terminal of hers, at which nobody sits. */
export type Alice = (...args: readonly string[]) => Promise<Ended>;

/** rollbackd that lets Alice in, and her terminal. */
export async function startFor(
  stage: Stage,
  more: Readonly<Record<string, string>> = {},
): Promise<{ readonly daemon: Daemon; readonly alice: Alice }> {
  const folder = join(stage.dataDir, "..");
  const sha256 = createHash("sha256").update(SECRET).digest("hex");
  writeFileSync(join(folder, "tokens.yaml"), `- {name: alice, sha256: ${sha256}, scopes: [operate]}\n`);
  writeFileSync(join(folder, "alice"), `${SECRET}\n`);
  const daemon = await stage.start({
    ROLLBACKD_API_TOKENS_FILE: join(folder, "tokens.yaml"),
    ROLLBACKD_PUBLIC_URL: "https://rollbackd.example",
    ...more,
  });
  const env = { ROLLBACKD_SERVER: daemon.url, ROLLBACKD_TOKEN_FILE: join(folder, "alice") };
  return { daemon, alice: (...args) => rollbackd({ args, env }) };
}
