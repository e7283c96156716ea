import * as fc from "fast-check";
import { expect, test } from "vitest";
import { visible, visibleBlock, visibleLine } from "../../src/text/visible.ts";
import { hostileText } from "../support/hostile.ts";

const RAW = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

test.each([
  ["colour", "\u001B[31mred", String.raw`\u001b[31mred`],
  ["link of a terminal", "\u001B]8;;http://evil\u0007x", String.raw`\u001b]8;;http://evil\u0007x`],
  ["C1 control", "a\u009B31mb", String.raw`a\u009b31mb`],
  ["right-to-left override", "a\u202Eb", String.raw`a\u202eb`],
  ["isolate", "a\u2066b\u2069", String.raw`a\u2066b\u2069`],
  ["character without width", "ad\u200Bmin", String.raw`ad\u200bmin`],
  ["byte order mark", "\uFEFFv1", String.raw`\ufeffv1`],
  ["soft hyphen", "a\u00ADb", String.raw`a\u00adb`],
  ["tag of a language", "a\u{E0041}b", String.raw`a\udb40\udc41b`],
  ["Hangul filler", "a\u3164b", String.raw`a\u3164b`],
  ["half a character", "a\uD83Db", String.raw`a\ud83db`],
  ["delete", "a\u007Fb", String.raw`a\u007fb`],
])("visibleLine writes a %s as text", (_, text, shown) => {
  expect(visibleLine(text)).toBe(shown);
});

test("visibleLine keeps letters of any script, and emoji", () => {
  for (const text of ["größer 5 %", "日本語", "مرحبا", "🚑 ⚠️"]) expect(visibleLine(text)).toBe(text);
});

test("visibleLine makes one line of white space, line separators included", () => {
  expect(visibleLine(" a\r\n\tb\u2028c\u0085d ")).toBe("a b c d");
});

test("visibleBlock keeps lines, and nothing that goes back in them", () => {
  expect(visibleBlock("10 %\r100 %\r\n\tok\n")).toBe("10 %\\u000d100 %\n    ok\n");
});

test("no hidden character survives, whatever the text", () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      expect(visibleLine(text)).not.toMatch(RAW);
      expect(visible(text).replaceAll("\n", "")).not.toMatch(RAW);
      expect(visibleBlock(text).replaceAll("\n", "")).not.toMatch(RAW);
    }),
  );
});

test("JSON stays the same value when its hidden characters are written as text", () => {
  fc.assert(
    fc.property(fc.array(hostileText), (value) => {
      expect(JSON.parse(visible(JSON.stringify(value)))).toEqual(value);
      expect(JSON.parse(visible(JSON.stringify(value, null, 2)))).toEqual(value);
    }),
  );
});
