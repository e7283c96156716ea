import { processIo } from "./cli/io.ts";
import { runProgram } from "./cli/program.ts";

// Not process.exit(): what was written to a pipe must arrive first.
process.exitCode = await runProgram(process.argv.slice(2), processIo());
