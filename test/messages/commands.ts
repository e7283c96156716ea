import { join } from "node:path";
import { call } from "../cli/call.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { freePort } from "../support/free-port.ts";
import type { Shown } from "./shown.ts";

/** What the program says when it could not do what it was called for. */
export async function ofCommands(): Promise<readonly Shown[]> {
  const folder = temporaryFolder();
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const nothing = join(folder.path, "nothing");
  const calls: readonly (readonly string[])[] = [
    ["rolback", "vcci-api"],
    ["check"],
    ["check", nothing],
    ["rollback", "vcci-api"],
    ["rollback", "vcci-api", "--reason", "a-feeling"],
    ["rollback", "vcci-api", "--reason", "other", "--server", "prod"],
    ["rollback", "vcci-api", "--reason", "other", "--server", nobody],
    ["rollback", "vcci-api", "--reason", "other", "--server", nobody, "--token-file", nothing],
    ["freeze", "vcci-api", "--for", "soon"],
    ["approve", "20260302T100600Z-3f9a1c", "--server", nobody],
    ["status", "--server", nobody],
    ["status", "--server", nobody, "--token-file", nothing],
    ["log", "list", "--data", nothing],
    ["log", "list", "--server", nobody],
    ["log", "list", "--server", nobody, "--data", nothing],
    ["log", "list", "--data", folder.path, "--from", "yesterday"],
    ["log", "list", "--data", folder.path, "--limit", "none"],
    ["log", "verify", "--data", folder.path, "--head", "abc"],
    ["log", "verify", "--server", nobody],
  ];
  try {
    const shown: Shown[] = [];
    for (const argv of calls) {
      const { out, err } = await call(...argv);
      const name = argv.join(" ");
      shown.push({
        group: "Commands that could not be carried out",
        name,
        text: [out, err].filter((said) => said !== "").join("\n"),
      });
    }
    const plain = (text: string) =>
      text.replaceAll(folder.path, "data").replaceAll(nobody, "http://127.0.0.1:9480");
    return shown.map(({ group, name, text }) => ({ group, name: plain(name), text: plain(text) }));
  } finally {
    folder.remove();
  }
}
