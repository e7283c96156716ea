import type { Release } from "./release.ts";

/** May the release still be rolled back automatically at `at`? One whose clock has not begun may. */
export function isGuarded(
  { clockAt }: Pick<Release, "clockAt">,
  guard: number | "always",
  at: number,
): boolean {
  return guard === "always" || clockAt === undefined || at - clockAt <= guard;
}
