import { InvalidArgumentError, Option } from "commander";

/** 0 fine, 1 the thing checked is not fine, 2 the call was wrong or could not be carried out. */
export type ExitCode = 0 | 1 | 2;

/** Told how a command ended. */
export type Done = (code: ExitCode) => void;

export function formatOption(): Option {
  return new Option("--format <format>", "for people or for programs")
    .choices(["text", "json"])
    .default("text");
}

/** The end of a command's help. */
export function example(...lines: readonly string[]): string {
  return `\nExample:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

/** For commander: throws what it shows. */
export function httpUrl(value: string): string {
  if (!URL.canParse(value) || !["http:", "https:"].includes(new URL(value).protocol)) {
    throw new InvalidArgumentError("It must be an address that begins with http:// or https://.");
  }
  return value;
}

/** For commander: throws what it shows. */
export function count(value: string): number {
  if (!/^[1-9]\d*$/u.test(value)) {
    throw new InvalidArgumentError("It must be a whole number above 0.");
  }
  return Number(value);
}
