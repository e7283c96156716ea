/** Errors that were foreseen: their message is a sentence for people and says the next step. */
const FORESEEN = new Set([
  "SettingsError",
  "RulesError",
  "ListenError",
  "LogLocked",
  "LogUnwritable",
  "KubeConfigError",
]);

/**
 * What a person is told when a command could not be carried out. Errors are known by name, so that telling of
 * one does not load the libraries that throw the others.
 */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return `rollbackd: unexpected: ${String(error)}`;
  if (!FORESEEN.has(error.name)) {
    return `rollbackd: unexpected error, which is a bug. Report it with these lines:\n${error.stack ?? error.message}`;
  }
  const lines = error.message.split("\n");
  return lines.length === 1
    ? `rollbackd: ${error.message}`
    : ["rollbackd: several things are wrong:", ...lines.map((line) => `  ${line}`)].join("\n");
}
