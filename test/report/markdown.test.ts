import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { code, fence, link, plain, table } from "../../src/report/markdown.ts";
import { parsed } from "./parsed.ts";

/** Text made of what Markdown is made of. */
const nasty = fc
  .array(
    fc.constantFrom(
      "|",
      "\\",
      "`",
      "```",
      "*",
      "_",
      "[",
      "](x)",
      "<b>",
      "&amp;",
      "# ",
      "- ",
      "1. ",
      "\n",
      "a",
      " ",
      "é",
    ),
    {
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(""));

/** What a reader sees of escaped text. */
function seen(markdown: string): string {
  return markdown.replaceAll(/\\([!-/:-@[-`{-~])/gu, "$1");
}

describe("text from outside in Markdown", () => {
  it("cannot break out of its cell, whatever it is", () => {
    fc.assert(
      fc.property(nasty, nasty, (a, b) => {
        const [block] = parsed(table(["one", "two"], [[plain(a), code(b)]]));
        expect(block).toMatchObject({ kind: "table", rows: [expect.anything(), expect.anything()] });
      }),
    );
  });

  it("shows letter for letter, on one line", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(seen(plain(text))).toBe(text.replaceAll(/\s+/gu, " ").trim());
      }),
    );
  });

  it("stays in its fence, also with fences of its own", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const [block, ...others] = parsed(fence(text));
        expect(block).toMatchObject({ kind: "code", lines: text.replace(/\n+$/u, "").split("\n") });
        expect(others).toEqual([]);
      }),
    );
  });

  it.each([
    ["http_requests_total > 5%", "http_requests_total > 5%"],
    ["2026-03-02 10:06:00Z", "2026-03-02 10:06:00Z"],
    ["a*b*c [x](y) <script>", String.raw`a\*b\*c \[x\](y) \<script>`],
    ["# no heading", String.raw`\# no heading`],
    ["1. no list", String.raw`1\. no list`],
    ["_so_", String.raw`\_so\_`],
    ["&lt; stays", String.raw`\&lt; stays`],
  ])("%s", (text, markdown) => {
    expect(plain(text)).toBe(markdown);
  });

  it("what is no address on the web is no link", () => {
    expect(link("the runbook", "https://wiki.example/run book")).toBe(
      "[the runbook](<https://wiki.example/run%20book>)",
    );
    expect(link("wiki page 7", "javascript:alert(1)")).toBe("wiki page 7");
  });
});
