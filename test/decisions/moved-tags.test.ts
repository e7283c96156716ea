import { expect, test } from "vitest";
import { movedTags } from "../../src/decisions/moved-tags.ts";

const id = (letter: string): string => `shop@sha256:${letter.repeat(64)}`;
const from = (image: string, ...ids: readonly string[]) => {
  return { name: "2", images: { api: image }, ...(ids.length > 0 && { pulled: { [image]: ids } }) };
};
const to = (image: string, ...ids: readonly string[]) => {
  return { name: "1", images: { api: image }, ...(ids.length > 0 && { lastPulled: { [image]: ids } }) };
};

test.each(["shop:latest", "shop", "registry:5000/team/shop", "registry.example/team/shop:latest"])(
  "a tag of %s that both revisions name is warned of when nothing is known of what was pulled",
  (image) => {
    expect(movedTags(from(image), to(image))).toEqual([
      expect.stringContaining("may give the same bits as 2"),
    ]);
  },
);

test("a tag that both revisions name is said to have moved when their pods pulled different digests", () => {
  const [warning = "", ...others] = movedTags(from("shop:1.4", id("b")), to("shop:1.4", id("a")));
  expect(others).toEqual([]);
  expect(warning).toContain("pods of 1 ran sha256:aaaaaaaaaaaa…, pods of 2 run sha256:bbbbbbbbbbbb…");
  expect(warning).toContain("may give the bits of 2 again");
});

test("a tag that both revisions name is not warned of when their pods pulled the same digest", () => {
  expect(movedTags(from("shop:latest", id("a")), to("shop:latest", id("a")))).toEqual([]);
});

test.each([
  ["a tag that names a version", "shop:1.4", "shop:1.4"],
  ["a digest", "shop@sha256:aa", "shop@sha256:aa"],
  ["a tag beside a digest", "shop:latest@sha256:aa", "shop:latest@sha256:aa"],
  ["another version", "shop:2", "shop:1"],
])("%s is not warned of when nothing is known of what was pulled", (_, now, then) => {
  expect(movedTags(from(now), to(then))).toEqual([]);
});

test("a moving tag that only the earlier revision names is warned of as other bits than before", () => {
  expect(movedTags(from("shop:2"), to("shop:latest"))).toEqual([
    expect.stringContaining("may get other bits than they ran before"),
  ]);
});
