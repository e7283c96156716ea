import { readFileSync } from "node:fs";

/** Asked each time it is needed, so that a renewed file counts at once. Undefined: not configured. */
export type Secret = () => string | undefined;

/**
 * The content of a file, read anew each time and without the line break at its end. While the file cannot be
 * read, the last content stands: a mounted secret that is being replaced is gone for a moment.
 * Throws when the file cannot be read now, or is empty.
 */
export function secretFile(file: string): Secret {
  let last = read(file);
  return () => {
    try {
      last = read(file);
    } catch {
      // The service that refuses an outdated secret will say so.
    }
    return last;
  };
}

function read(file: string): string {
  const content = readFileSync(file, "utf8").trim();
  if (content === "") {
    throw new Error("it is empty");
  }
  return content;
}
