// Opens the log of a folder, appends a little, and prints what came of it.
import { setTimeout as sleep } from "node:timers/promises";
import { openLog } from "../../src/log/writer.ts";

try {
  const log = await openLog(process.argv[2] ?? "");
  for (let index = 0; index < 20; index += 1) {
    await log.append({ type: "daemon.stopped", cause: `of ${process.pid}` });
    await sleep(5);
  }
  await log.close();
  process.stdout.write("wrote");
} catch (error) {
  process.stdout.write(error instanceof Error ? error.name : String(error));
}
