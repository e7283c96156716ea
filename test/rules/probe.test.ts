import { describe, expect, test } from "vitest";
import { messagesIn, rulesWith, triggerIn } from "./written.ts";

function probeIn(lines: string) {
  const trigger = triggerIn(rulesWith({ trigger: `probe: {url: "https://a/", ${lines}}` }));
  return trigger.kind === "health" ? trigger.probe : undefined;
}

const class2xx = { from: 200, to: 299 };
const only = (status: number) => ({ from: status, to: status });

describe("what a probe expects", () => {
  test.each([
    ["expect: {status: 401}", { statuses: [only(401)], body: undefined }],
    ["expect: {status: 3xx}", { statuses: [{ from: 300, to: 399 }], body: undefined }],
    ["expect: {status: [204, 2xx]}", { statuses: [only(204), class2xx], body: undefined }],
    ["expect: {body: ready}", { statuses: [class2xx], body: "ready" }],
  ])("%s", (lines, expected) => {
    expect(probeIn(lines)?.expect).toEqual(expected);
  });

  test("a status that is none is told with what it may be", () => {
    const trigger = 'probe: {url: "https://a/", expect: {status: 2x}}';
    expect(messagesIn(rulesWith({ trigger }))).toEqual([
      "`status` must be a status, `2xx`, or a list of them, such as `200` or `[200, 204]` or `2xx`; here it is `2x`.",
    ]);
  });
});

describe("whom a probe believes", () => {
  test.each([
    ["tls: {ca: /etc/ca.pem}", { trust: "ca", file: "/etc/ca.pem" }],
    ["tls: {insecure: true}", { trust: "anybody" }],
    ["interval: 5s", undefined],
  ])("%s", (lines, expected) => {
    expect(probeIn(lines)?.tls).toEqual(expected);
  });
});
