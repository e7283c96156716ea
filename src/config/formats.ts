/**
 * What a value must look like. Each check throws an Error that says what was expected; the value itself is
 * shown only where it cannot hold a secret.
 */

type Check = (value: unknown) => void;

const shown = (value: unknown): string => JSON.stringify(value);

function text(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}

export const path: Check = (value) => {
  if (!text(value)) {
    throw new Error(`expected the path of a file or folder, got ${shown(value)}`);
  }
};

export const word: Check = (value) => {
  if (!text(value)) {
    throw new Error("expected text that is not empty");
  }
};

/** The value is not shown: an address may carry a password, and a webhook's is one. */
export const address: Check = (value) => {
  if (!isHttpUrl(value)) {
    throw new Error("expected an address that begins with http:// or https://");
  }
};

export const addresses: Check = (value) => {
  if (!Array.isArray(value) || !value.every(isHttpUrl)) {
    throw new Error(
      "expected addresses that begin with http:// or https://, separated by commas, such as http://prometheus:9090",
    );
  }
};

export const host: Check = (value) => {
  if (!text(value) || /[\s/]/u.test(value)) {
    throw new Error(`expected a host name or an IP address to listen on, got ${shown(value)}`);
  }
};

export const port: Check = (value) => {
  if (!Number.isInteger(value) || Number(value) < 0 || Number(value) > 65_535) {
    throw new Error(`expected a port number from 0 (any free one) to 65535, got ${shown(value)}`);
  }
};

export function oneOf(values: readonly string[]): Check {
  return (value) => {
    if (!values.some((allowed) => allowed === value)) {
      throw new Error(`expected one of ${values.join(", ")}, got ${shown(value)}`);
    }
  };
}

/** Environment and flags are text; what is no number stays text, so that the check can show it. */
export function toNumber(value: string): unknown {
  return /^\d+$/u.test(value) ? Number(value) : value;
}

export function toList(value: string): unknown {
  return value
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function isHttpUrl(value: unknown): boolean {
  return text(value) && URL.canParse(value) && ["http:", "https:"].includes(new URL(value).protocol);
}
