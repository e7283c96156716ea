import { ofCommands } from "./commands.ts";
import { inRules } from "./problems.ts";
import { onStatusPage } from "./page.ts";
import { inLog } from "./records.ts";
import { refused } from "./refused.ts";
import type { Shown } from "./shown.ts";
import { told } from "./told.ts";
import { inTrouble } from "./trouble.ts";

/** Every message that a person can see, to be read at one sitting. */
export async function allMessages(): Promise<readonly Shown[]> {
  return [
    ...told(),
    ...onStatusPage(),
    ...(await refused()),
    ...(await ofCommands()),
    ...inTrouble(),
    ...inRules(),
    ...inLog(),
  ];
}
