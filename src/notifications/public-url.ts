/** The decision as a document for people; whoever is not on the machine of rollbackd needs a token for it. */
export function decisionUrl(publicUrl: string, decisionId: string): string {
  return `${publicUrl}/api/v1/decisions/${encodeURIComponent(decisionId)}/report`;
}

/** Commands that ask the daemon. */
const ASKING = /\brollbackd (approve|reject|rollback|freeze|resume|status|log (?:list|show|report))\b/gu;

/** Addresses that mean another machine on each machine; without `--server` a command asks its own. */
const HERE = /^https?:\/\/(localhost|127\.|0\.0\.0\.0|\[::1?\])/u;

/** The commands of a line as whoever reads it somewhere else can run them. */
export function commandsAt(line: string, publicUrl: string | undefined): string {
  if (publicUrl === undefined || HERE.test(publicUrl)) return line;
  return line.replaceAll(ASKING, (command) => `${command} --server ${publicUrl}`);
}
