import type { Evidence } from "../decisions/decision.ts";
import { code, plain, table } from "./markdown.ts";

type Listed = NonNullable<Evidence["vulnerabilities"]>[number];

/** `critical, openssl 3.0.11-1, fixed in 3.0.14-1` */
export function vulnerabilityText({ severity, package: name, installed, fixed }: Listed): string {
  return `${severity}, ${name} ${installed}, ${fixed === undefined ? "no fix known" : `fixed in ${fixed}`}`;
}

/** What counts in what ran, and what of it is where the way back leads; nothing for other triggers. */
export function vulnerabilityTable({ vulnerabilities, targetVulnerabilities }: Evidence): readonly string[] {
  if (vulnerabilities === undefined) return [];
  const row =
    (where: string) =>
    (each: Listed): readonly string[] => [
      where,
      code(each.image),
      code(each.id),
      plain(vulnerabilityText(each)),
      plain(each.reports.join(", ")),
    ];
  const rows = [
    ...vulnerabilities.map(row("ran")),
    ...(targetVulnerabilities ?? []).map(row("where the way back leads")),
  ];
  return [table(["where", "image", "vulnerability", "what it is", "who reports it"], rows)];
}
