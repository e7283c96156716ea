const MASS_SHARE = 0.4;
const MASS_TARGETS = 3;

/**
 * So many targets fire at once that a shared cause is likelier than that many bad releases.
 * Both lists may name a target more than once; distinct targets count.
 */
export function massBreach(firing: readonly string[], watched: readonly string[]): string | undefined {
  const hit = new Set(firing).size;
  const all = new Set(watched).size;
  return hit >= MASS_TARGETS && hit >= MASS_SHARE * all
    ? `${hit} of ${all} targets fire at once, which no single release explains`
    : undefined;
}
