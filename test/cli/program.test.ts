import { describe, expect, it } from "vitest";
import { SettingsError } from "../../src/config/settings-error.ts";
import { explain } from "../../src/cli/problem.ts";
import { VERSION } from "../../src/version.ts";
import { call } from "./call.ts";

describe("the command line", () => {
  it("help and version are no mistakes, and go to standard output", async () => {
    expect(await call("--version")).toEqual({ code: 0, out: VERSION, err: "" });
    const help = await call("--help");
    expect(help).toMatchObject({ code: 0, err: "" });
    expect(help.out).toContain("Usage: rollbackd");
  });

  it.each([
    ["run"],
    ["check"],
    ["log", "list"],
    ["log", "show"],
    ["log", "follow"],
    ["log", "verify"],
    ["status"],
    ["rollback"],
    ["freeze"],
    ["resume"],
    ["approve"],
    ["reject"],
  ])("%s --help has an example", async (...command) => {
    const help = await call(...command, "--help");
    expect(help).toMatchObject({ code: 0, err: "" });
    expect(help.out).toContain(`Example:\n  rollbackd ${command.join(" ")}`);
  });

  it.each([
    [[], "Usage: rollbackd"],
    [["chekc"], "error: unknown command 'chekc'\n(Did you mean check?)\nAdd --help to see how it is called."],
    [["check"], "error: missing required argument 'file'\nAdd --help to see how it is called."],
    [["check", "rules", "--fromat", "json"], "(Did you mean --format?)"],
    [["log"], "Usage: rollbackd log"],
    [["log", "lits"], "(Did you mean list?)"],
    [["log", "show"], "error: missing required argument 'id'"],
    [["log", "list", "--limit", "0"], "It must be a whole number above 0."],
    [["log", "list", "--decision", "undo"], "Allowed choices are rollback, hold, escalate."],
    [["log", "list", "--from", "yore"], "--from yore: expected a time"],
    [["log", "verify", "--data", "/nowhere"], "There is no decision log in /nowhere"],
    [["check", "rules", "--format", "xml"], "Allowed choices are text, json."],
    [
      ["check", "rules", "--prometheus", "nowhere"],
      "It must be an address that begins with http:// or https://.",
    ],
  ])("a wrong call is exit code 2 and says how it is right: %j", async (argv, message) => {
    const result = await call(...argv);
    expect(result).toMatchObject({ code: 2, out: "" });
    expect(result.err).toContain(message);
  });

  it.each([
    ["--config", "/nowhere.yaml", "cannot read the file of --config"],
    ["--rules", " ", "rules (ROLLBACKD_RULES)"],
    ["--data", " ", "dataDir (ROLLBACKD_DATA_DIR)"],
    ["--prometheus", "nowhere", "prometheus.url (ROLLBACKD_PROMETHEUS_URL)"],
    ["--http-host", "a b", "http.host (ROLLBACKD_HTTP_HOST)"],
    ["--http-port", "x", "http.port (ROLLBACKD_HTTP_PORT)"],
    ["--log-level", "loud", "logLevel (ROLLBACKD_LOG_LEVEL)"],
  ])("run %s is a setting: %j does not start", async (flag, value, message) => {
    const result = await call("run", flag, value);
    expect(result.code).toBe(2);
    expect(result.err).toContain(`rollbackd: ${message}`);
  });

  it("a command's exit code is the program's", async () => {
    expect((await call("check", "rules")).code).toBe(0);
    expect((await call("check", "no-such-file.yaml")).code).toBe(2);
  });
});

describe("what a person is told when a command cannot be carried out", () => {
  it("a foreseen error is its sentence alone", () => {
    expect(explain(new SettingsError(["rules: missing"]))).toBe("rollbackd: rules: missing");
    expect(explain(new SettingsError(["a", "b"]))).toBe("rollbackd: several things are wrong:\n  a\n  b");
  });

  it("any other one is a bug, with the lines that a report of it needs", () => {
    expect(explain(new TypeError("x is undefined"))).toMatch(
      /which is a bug.*\nTypeError: x is undefined\n +at /u,
    );
    expect(explain("text")).toBe("rollbackd: unexpected: text");
  });
});
