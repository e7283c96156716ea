/*
 * Prints every message that a person can see, made by the code that makes it, to be read at one sitting:
 * npm run messages. A test sees to it that each has a next step where something is left to be done, and no secret.
 */
import { allMessages } from "../test/messages/catalogue.ts";

const groups = Map.groupBy(await allMessages(), ({ group }) => group);
for (const [group, messages] of groups) {
  console.log(`\n${"=".repeat(100)}\n${group} (${messages.length})\n${"=".repeat(100)}`);
  for (const { name, text } of messages) console.log(`\n--- ${name}\n${text}`);
}
