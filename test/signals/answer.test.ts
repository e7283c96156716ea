import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { array, assert, constantFrom, nat, property } from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { answerReader } from "../../src/signals/answer-reader.ts";
import { createProbe, type ProbeResult } from "../../src/signals/probe.ts";

const probe = createProbe(Date.now);

/** Probes a server that sends these bytes and then does what `then` says. */
async function probed(
  bytes: string | Buffer,
  then: (socket: Socket) => void = (socket) => void socket.end(),
): Promise<ProbeResult> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      if (bytes.length === 0) then(socket);
      else socket.write(bytes, "latin1", () => then(socket));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return await probe({ url: `http://127.0.0.1:${port}/`, intervalMs: 60_000, timeoutMs: 20_000 });
}

const crlf = (...lines: readonly string[]): string => `${lines.join("\r\n")}\r\n`;
const LENGTH = "Content-Length: 2";
const CHUNKED = "Transfer-Encoding: chunked";
const long = (bytes: number): string => `X-Long: ${"a".repeat(bytes)}`;

/** curl 7.88 exits with 0 for each of them. */
const HEALTHY: readonly (readonly [string, string])[] = [
  ["20 KiB of headers", crlf("HTTP/1.1 200 OK", long(20 * 1024), LENGTH, "", "ok")],
  [
    "250 KiB of headers",
    crlf("HTTP/1.1 200 OK", ...Array.from({ length: 5 }, () => long(50 * 1024)), LENGTH, "", "ok"),
  ],
  [
    "3000 headers",
    crlf("HTTP/1.1 200 OK", ...Array.from({ length: 3000 }, (_, i) => `X-${i}: v`), LENGTH, "", "ok"),
  ],
  ["bare LF line ends", `HTTP/1.1 200 OK\n${LENGTH}\n\nok`],
  ["mixed line ends", `HTTP/1.1 200 OK\n${LENGTH}\r\n\nok`],
  ["a length beside chunks", crlf("HTTP/1.1 200 OK", "Content-Length: 12", CHUNKED, "", "2", "ok", "0", "")],
  ["chunks beside a length", crlf("HTTP/1.1 200 OK", CHUNKED, LENGTH, "", "2", "ok", "0", "")],
  ["no reason", crlf("HTTP/1.1 200 ", LENGTH, "", "ok")],
  ["no reason and no space", crlf("HTTP/1.1 200", LENGTH, "", "ok")],
  ["a reason in Latin-1", crlf("HTTP/1.1 200 \u00d6k", LENGTH, "", "ok")],
  ["a continued header", crlf("HTTP/1.1 200 OK", "X-A: a", " b", "\tc", LENGTH, "", "ok")],
  ["HTTP/1.0, ended by the close", crlf("HTTP/1.0 200 OK", "", "ok")],
  ["HTTP/1.0 with keep-alive", crlf("HTTP/1.0 200 OK", "Connection: keep-alive", LENGTH, "", "ok")],
  ["HTTP/1.1, ended by the close", crlf("HTTP/1.1 200 OK", "", "ok")],
  ["100 before it", crlf("HTTP/1.1 100 Continue", "", "HTTP/1.1 200 OK", LENGTH, "", "ok")],
  [
    "102 and 103 before it",
    crlf(
      "HTTP/1.1 102 Processing",
      "",
      "HTTP/1.1 103 Early Hints",
      "Link: </a>",
      "",
      "HTTP/1.1 200 OK",
      LENGTH,
      "",
      "ok",
    ),
  ],
  [
    "headers that are there twice",
    crlf("HTTP/1.1 200 OK", "Date: a", "Date: b", "Server: x", "Server: y", LENGTH, "", "ok"),
  ],
  ["the same length twice", crlf("HTTP/1.1 200 OK", LENGTH, LENGTH, "", "ok")],
  ["the same length twice in one header", crlf("HTTP/1.1 200 OK", "Content-Length: 2, 2", "", "ok")],
  ["a space before a colon", crlf("HTTP/1.1 200 OK", "X-A : a", LENGTH, "", "ok")],
  ["a space in a header's name", crlf("HTTP/1.1 200 OK", "X A: a", LENGTH, "", "ok")],
  ["a control character in a header", crlf("HTTP/1.1 200 OK", "X-A: a\u0001b", LENGTH, "", "ok")],
  ["bytes beyond ASCII in a header", crlf("HTTP/1.1 200 OK", "X-A: \u00c3\u00a4", LENGTH, "", "ok")],
  ["chunks with bare LF", `HTTP/1.1 200 OK\n${CHUNKED}\n\n2\nok\n0\n\n`],
  ["chunks with extensions", crlf("HTTP/1.1 200 OK", CHUNKED, "", "2;x=y", "ok", "0", "")],
  ["spaces behind the size of a chunk", crlf("HTTP/1.1 200 OK", CHUNKED, "", "2  ", "ok", "0", "")],
  ["trailers", crlf("HTTP/1.1 200 OK", CHUNKED, "", "2", "ok", "0", "X: y", "")],
  ["the coding twice", crlf("HTTP/1.1 200 OK", CHUNKED, CHUNKED, "", "2", "ok", "0", "")],
  ["the coding identity", crlf("HTTP/1.1 200 OK", "Transfer-Encoding: identity", "", "ok")],
  ["more bytes than its length", `${crlf("HTTP/1.1 200 OK", LENGTH, "")}okEXTRA`],
  ["204 with a body", crlf("HTTP/1.1 204 No Content", LENGTH, "", "ok")],
  ["an offer to upgrade", crlf("HTTP/1.1 200 OK", "Connection: upgrade", "Upgrade: h2c", LENGTH, "", "ok")],
  [
    "a body that is not what its coding says",
    crlf("HTTP/1.1 200 OK", "Content-Encoding: gzip", LENGTH, "", "ok"),
  ],
];

describe("a probe passes when the answer has", () => {
  test.each(HEALTHY)("%s", async (_, bytes) => {
    await expect(probed(bytes)).resolves.toMatchObject({
      ok: true,
      detail: expect.stringMatching(/^HTTP 20[04] /),
    });
  });

  test("a length or chunks, and the connection stays open", async () => {
    const open = (): void => undefined;
    const byLength = await probed(crlf("HTTP/1.1 200 OK", "Connection: keep-alive", LENGTH, "", "ok"), open);
    const byChunks = await probed(crlf("HTTP/1.1 200 OK", CHUNKED, "", "2", "ok", "0", ""), open);
    expect([byLength.ok, byChunks.ok]).toEqual([true, true]);
  });
});

const BINARY = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

describe("a probe is unknown when the answer", () => {
  test.each<readonly [string, string | Buffer]>([
    ["is of another protocol", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["is a frame of HTTP/2", BINARY],
    ["is an alert of TLS", Buffer.from([0x15, 3, 1, 0, 2, 2, 0x46])],
    ["has no head", "ok"],
    ["begins with ICY", crlf("ICY 200 OK", "", "ok")],
    ["has a status of two digits", crlf("HTTP/1.1 20 OK", "", "ok")],
    ["has a status of four digits", crlf("HTTP/1.1 2000 OK", "", "ok")],
    ["has no status", crlf("HTTP/1.1 OK", "", "ok")],
    ["has two lengths", crlf("HTTP/1.1 200 OK", LENGTH, "Content-Length: 3", "", "ok")],
    ["has a length below zero", crlf("HTTP/1.1 200 OK", "Content-Length: -1", "", "ok")],
    ["has a length that is no number", crlf("HTTP/1.1 200 OK", "Content-Length: two", "", "ok")],
    ["has a header without a colon", crlf("HTTP/1.1 200 OK", "garbage", LENGTH, "", "ok")],
    ["has a chunk without a size", crlf("HTTP/1.1 200 OK", CHUNKED, "", "xyz", "ok", "0", "")],
    ["has a chunk longer than its size", crlf("HTTP/1.1 200 OK", CHUNKED, "", "1", "ok", "0", "")],
    ["has 2 MiB of headers", crlf("HTTP/1.1 200 OK", long(2 * 1024 * 1024), LENGTH, "", "ok")],
  ])("%s", async (_, bytes) => {
    const unreadable = {
      ok: false,
      fault: "prober",
      detail: expect.stringContaining("cannot be read as HTTP/1"),
    };
    await expect(probed(bytes)).resolves.toMatchObject(unreadable);
    await expect(probed(bytes, () => undefined)).resolves.toMatchObject(unreadable);
  });

  test("shows nothing of it that a terminal would obey", async () => {
    const { detail } = await probed("\u001B]0;title\u0007\u009b31m\r\n");
    expect(detail).toContain('it begins with "?]0;title??31m"');
  });
});

describe("a probe fails when the server", () => {
  const early = "connection closed before the answer was complete";
  test.each([
    ["closes without a word", "", early],
    ["closes in the middle of its first line", "HTTP/1.1 2", early],
    ["closes in the middle of its headers", "HTTP/1.1 200 OK\r\nContent-Le", early],
    ["closes before the end of its headers", "HTTP/1.1 200 OK\r\n", early],
    ["closes after an interim answer", crlf("HTTP/1.1 100 Continue", ""), early],
    ["closes before its length is there", crlf("HTTP/1.1 200 OK", "Content-Length: 10", "", "ok"), early],
    ["closes in the middle of a chunk", crlf("HTTP/1.1 200 OK", CHUNKED, "", "5", "ok"), early],
    ["closes before the last chunk", crlf("HTTP/1.1 200 OK", CHUNKED, "", "2", "ok"), early],
    ["closes before the end of the trailers", crlf("HTTP/1.1 200 OK", CHUNKED, "", "2", "ok", "0"), early],
    ["answers 503 with bare LF line ends", "HTTP/1.1 503 Service Unavailable\n\n", "HTTP 503"],
    ["answers 101", crlf("HTTP/1.1 101 Switching Protocols", "Upgrade: x", ""), "HTTP 101"],
  ])("%s", async (_, bytes, detail) => {
    await expect(probed(bytes)).resolves.toMatchObject({
      ok: false,
      fault: "target",
      detail: expect.stringContaining(detail),
    });
  });

  test("resets the connection in the middle of its answer", async () => {
    const bytes = crlf("HTTP/1.1 200 OK", "Content-Length: 10", "", "ok");
    await expect(probed(bytes, (socket) => void socket.resetAndDestroy())).resolves.toMatchObject({
      ok: false,
      fault: "target",
      detail: expect.stringMatching(/^connection (?:reset|closed before the answer was complete)$/),
    });
  });
});

/** All of it, in these pieces. */
function read(bytes: Buffer, cuts: readonly number[]): unknown {
  const reader = answerReader(64 * 1024);
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
  let from = 0;
  for (const to of [...ends, bytes.length]) {
    const reply = reader.push(bytes.subarray(from, to));
    if (reply !== undefined) return reply;
    from = to;
  }
  return reader.close();
}

test("an answer reads the same in whatever pieces it comes", () => {
  const answers = HEALTHY.map(([, text]) => Buffer.from(text, "latin1")).filter(
    ({ length }) => length < 1000,
  );
  assert(
    property(constantFrom(...answers), array(nat(1000), { maxLength: 40 }), (bytes, cuts) => {
      expect(read(bytes, cuts)).toEqual(read(bytes, []));
    }),
  );
});

test("a body is read up to the limit, and it is told when that was not all", () => {
  const head = Buffer.from("HTTP/1.1 200 OK\r\n\r\n");
  expect(answerReader(3).push(Buffer.concat([head, Buffer.from("abcd")]))).toMatchObject({
    body: { text: "abc", complete: false },
  });
  const whole = answerReader(3);
  expect(whole.push(Buffer.concat([head, Buffer.from("abc")]))).toBeUndefined();
  expect(whole.close()).toMatchObject({ body: { text: "abc", complete: true } });
});
