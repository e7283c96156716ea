// Uses up this process's file descriptors, then probes the address given; prints the result.
import { openSync } from "node:fs";
import { createProbe } from "../../../src/signals/probe.ts";

const probe = createProbe(Date.now);
const spec = { url: process.argv[2] ?? "", intervalMs: 10_000, timeoutMs: 2000 };
// Whatever is loaded on first use needs descriptors of its own.
await probe(spec);
useUpDescriptors();
process.stdout.write(`${JSON.stringify(await probe(spec))}\n`);

function useUpDescriptors(): void {
  try {
    for (;;) openSync("/dev/null", "r");
  } catch {
    // EMFILE: none are left.
  }
}
