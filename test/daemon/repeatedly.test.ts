import { pino } from "pino";
import { expect, it, vi } from "vitest";
import { repeatedly } from "../../src/daemon/repeatedly.ts";

it("a task that throws is done again; that it failed is logged once, with what to do, and that it works again once", async () => {
  const lines: { level: number; msg: string; err?: { message: string } }[] = [];
  const logger = pino({}, { write: (line) => void lines.push(JSON.parse(line) as (typeof lines)[0]) });
  let turns = 0;
  const stop = repeatedly({
    what: "counting",
    task: async () => {
      turns += 1;
      if (turns <= 3) throw new Error(`no ${turns}`);
    },
    everyMs: 5,
    logger,
  });
  await vi.waitFor(() => expect(turns).toBeGreaterThan(5), { timeout: 30_000 });
  await stop();
  expect(lines).toMatchObject([
    {
      level: 50,
      msg: expect.stringMatching(/^counting broke off.*tried again every 0.005 s.*report/) as string,
    },
    { level: 30, msg: "counting works again", failures: 3 },
  ]);
  expect(lines[0]?.err?.message).toBe("no 1");
});
