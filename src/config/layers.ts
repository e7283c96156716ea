import convict from "convict";
import { VARIABLES, schema } from "./schema.ts";
import { SettingsError } from "./settings-error.ts";
import { readSettingsFile } from "./settings-file.ts";

export interface SettingsSources {
  /** Of `--config`. */
  readonly file: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** From the command line, by dotted key: the last word. */
  readonly flags: Readonly<Record<string, string | undefined>>;
}

export type Values = ReturnType<typeof layers>;

/** Defaults < file < environment < flags. Throws SettingsError with every value that does not fit. */
export function layers({ file, env, flags }: SettingsSources) {
  // An empty variable is how many tools say "not set".
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const config = convict(schema, { env: set, args: [] });
  const layer = (values: Iterable<[string, unknown]>): void => {
    for (const [key, value] of values) {
      if (value !== undefined) config.set(key, value);
    }
  };
  layer(file === undefined ? [] : readSettingsFile(file));
  layer([...VARIABLES].map(([key, variable]) => [key, set[variable]]));
  layer(Object.entries(flags));
  try {
    config.validate({ allowed: "strict" });
  } catch (error) {
    throw new SettingsError((error as Error).message.split("\n").map(withVariable));
  }
  return config.getProperties();
}

/** `http.port (ROLLBACKD_HTTP_PORT)`: where to mend it, in a file or in the environment. */
export function named(key: string): string {
  return `${key} (${VARIABLES.get(key)})`;
}

/** convict says `key: what was expected`. */
function withVariable(line: string): string {
  const end = line.indexOf(": ");
  return `${named(line.slice(0, end))}${line.slice(end)}`;
}
