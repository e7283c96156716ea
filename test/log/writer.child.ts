// Appends until it is killed and prints each number once its record is acknowledged.
import { openLog } from "../../src/log/writer.ts";

const log = await openLog(process.argv[2] ?? "", { maxFileBytes: 64 * 1024 });
for (;;) {
  const records = await Promise.all(
    [1, 2, 3].map(() => log.append({ type: "daemon.stopped", cause: "x".repeat(200) })),
  );
  process.stdout.write(`${records.at(-1)?.seq}\n`);
}
