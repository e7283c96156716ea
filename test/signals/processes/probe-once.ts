// Probes the address given first with the timeout in ms given second; prints the result.
import { createProbe } from "../../../src/signals/probe.ts";

const [url = "", timeoutMs = "2000"] = process.argv.slice(2);
const result = await createProbe(Date.now)({ url, intervalMs: 10_000, timeoutMs: Number(timeoutMs) });
process.stdout.write(`${JSON.stringify(result)}\n`);
