import { runCommand } from "../../src/rollback/command.ts";
import type { CommandSpec } from "../../src/rules/policy.ts";

// A daemon that runs one command and dies at once, as by SIGKILL.
const spec = JSON.parse(process.argv[2] ?? "") as Omit<CommandSpec, "cwd"> & { readonly cwd?: string };
await runCommand({ cwd: undefined, ...spec }, { environment: process.env, mayLeaveRunning: true });
process.kill(process.pid, "SIGKILL");
