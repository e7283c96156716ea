import { type DestinationStream, type Logger, destination, pino, stdTimeFunctions } from "pino";
import type { LogLevel } from "../config/schema.ts";
import { visible } from "../text/visible.ts";
import type { Scrub } from "./scrub.ts";

/** Fields that hold a secret whatever its shape. */
const SECRET_FIELDS = [
  "authorization",
  "cookie",
  "password",
  "token",
  "webhookUrl",
  "routing_key",
  "routingKey",
].flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

/**
 * One JSON object a line on standard output, written before the call returns, so that the last words of a
 * process are not lost. Every line goes through `scrub` as a whole: messages, errors and their causes alike. JSON escapes only some of the
 * characters that a terminal obeys, and this is read on terminals.
 */
export function createLogger(level: LogLevel, scrub: Scrub, to: DestinationStream = destination(1)): Logger {
  return pino(
    {
      level,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_FIELDS, censor: "[secret]" },
      hooks: { streamWrite: (line) => visible(scrub(line)) },
    },
    to,
  );
}
