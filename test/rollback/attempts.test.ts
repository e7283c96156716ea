import { expect, it } from "vitest";
import { KubeError } from "../../src/kubernetes/error.ts";
import { tryRepeatedly } from "../../src/rollback/attempts.ts";

const hangs = new KubeError("unreachable", "the change got no answer");
const cutOff = new KubeError("unreachable", "the look was broken off");

it("an attempt that the bound cut off does not hide what stood in the way before", async () => {
  const bound = new AbortController();
  const errors = [hangs, cutOff];
  const outcome = await tryRepeatedly(async () => {
    const error = errors.shift();
    if (error === cutOff) bound.abort();
    throw error ?? new Error("tried once more");
  }, bound.signal);
  expect(outcome).toBe(hangs);
});

it("the first that the bound cut off is all that is known", async () => {
  const outcome = await tryRepeatedly(() => Promise.reject(cutOff), AbortSignal.abort());
  expect(outcome).toBe(cutOff);
});
