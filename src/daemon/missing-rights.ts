import type { MissingRights } from "../log/record.ts";
import type { Right } from "./rights.ts";

/** Rights that are missing, by the Role that has to allow them, as lines to add to it. */
export function missingByRole(rights: readonly Right[]): readonly MissingRights[] {
  const namespaces = [...new Set(rights.map(({ ref }) => ref.namespace))].toSorted();
  return namespaces.map((namespace) => {
    const here = rights.filter(({ ref }) => ref.namespace === namespace);
    return {
      namespace,
      rules: rulesFor(here),
      why: distinct(here.map(({ why }) => why)),
      policies: distinct(here.flatMap(({ policy }) => policy ?? [])),
    };
  });
}

/** One rule a resource, with all the verbs that it lacks. */
function rulesFor(rights: readonly Right[]): readonly string[] {
  const resources = distinct(rights.map(({ ref }) => `${ref.group}/${ref.resource}`));
  return resources.map((key) => {
    const [group = "", resource = ""] = key.split("/");
    const same = rights.filter(({ ref }) => ref.group === group && ref.resource === resource);
    const verbs = distinct(same.map(({ verb }) => verb));
    return `{apiGroups: ["${group}"], resources: ["${resource}"], verbs: [${verbs.map((verb) => `"${verb}"`).join(", ")}]}`;
  });
}

function distinct<Text extends string>(texts: readonly Text[]): readonly Text[] {
  return [...new Set(texts)].toSorted();
}
