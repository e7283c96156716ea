import { stripVTControlCharacters } from "node:util";

/** Takes all that a command prints and keeps its beginning and its end, in memory of a fixed size. */
export interface BoundedOutput {
  readonly push: (chunk: Buffer) => void;
  /** What was kept, as plain text without control characters; each of `secrets` is replaced by `[secret]`. */
  readonly text: (secrets: readonly string[]) => string;
}

/** `keep` in bytes, for the beginning and for the end each. */
export function boundedOutput(keep: number): BoundedOutput {
  const head = Buffer.alloc(keep);
  // A ring: `seen - headSize` bytes have gone through it, the newest `keep` of them are still there.
  const ring = Buffer.alloc(keep);
  let seen = 0;

  function push(chunk: Buffer): void {
    const toHead = Math.min(Math.max(keep - seen, 0), chunk.length);
    chunk.copy(head, Math.min(seen, keep), 0, toHead);
    const rest = chunk.subarray(Math.max(toHead, chunk.length - keep));
    const skipped = chunk.length - toHead - rest.length;
    const start = (Math.max(seen - keep, 0) + skipped) % keep;
    const copied = rest.copy(ring, start);
    rest.copy(ring, 0, copied);
    seen += chunk.length;
  }

  function tail(): Buffer {
    const through = Math.max(seen - keep, 0);
    if (through <= keep) return ring.subarray(0, through);
    return Buffer.concat([ring.subarray(through % keep), ring.subarray(0, through % keep)]);
  }

  function text(secrets: readonly string[]): string {
    const hidden = secrets.map((secret) => secret.trim()).filter((secret) => secret !== "");
    const first = head.subarray(0, Math.min(seen, keep));
    const last = tail();
    const leftOut = seen - first.length - last.length;
    if (leftOut === 0) return scrub(plain(Buffer.concat([first, last])), hidden);
    // A character or a secret that the cut went through must not survive in part.
    const before = withoutCutEnd(scrub(plain(wholeUntil(first)), hidden), hidden);
    const after = withoutCutStart(scrub(plain(wholeFrom(last)), hidden), hidden);
    return `${before}\n… ${formatBytes(leftOut)} left out …\n${after}`;
  }

  return { push, text };
}

function plain(bytes: Buffer): string {
  return stripVTControlCharacters(bytes.toString("utf8"))
    .replaceAll(/\r\n?/g, "\n")
    .replaceAll(/[^\P{Cc}\n\t]/gu, "");
}

function scrub(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, "[secret]"), text);
}

function withoutCutEnd(text: string, secrets: readonly string[]): string {
  const cut = secrets.map((secret) => longest(secret, (size) => text.endsWith(secret.slice(0, size))));
  return text.slice(0, text.length - Math.max(0, ...cut));
}

function withoutCutStart(text: string, secrets: readonly string[]): string {
  const cut = secrets.map((secret) => longest(secret, (size) => text.startsWith(secret.slice(-size))));
  return text.slice(Math.max(0, ...cut));
}

function longest(secret: string, fits: (size: number) => boolean): number {
  for (let size = secret.length - 1; size > 0; size -= 1) if (fits(size)) return size;
  return 0;
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Without a UTF-8 character that the end cuts off (four bytes at most). */
function wholeUntil(bytes: Buffer): Buffer {
  let lead = bytes.length - 1;
  while (lead > bytes.length - 4 && isContinuation(bytes[lead])) lead -= 1;
  const first = bytes[lead] ?? 0;
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return lead + size > bytes.length ? bytes.subarray(0, lead) : bytes;
}

function wholeFrom(bytes: Buffer): Buffer {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start += 1;
  return bytes.subarray(start);
}

function formatBytes(count: number): string {
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} MB`;
  return count >= 1e3 ? `${(count / 1e3).toFixed(1)} kB` : `${count} bytes`;
}
