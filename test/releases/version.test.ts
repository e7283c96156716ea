import { expect, test } from "vitest";
import { versionOf } from "../../src/releases/version.ts";

const one = (revision: string, ...images: string[]) => ({
  revision,
  images: Object.fromEntries(images.map((image, at) => [`c${at}`, image])),
});

test.each([
  [
    "the tag of the only image",
    one("7", "registry.example/api:1.4.2"),
    one("6", "registry.example/api:1.4.1"),
    "1.4.2",
  ],
  [
    "the tag of the image that differs",
    one("7", "api:1.4.2", "proxy:9"),
    one("6", "api:1.4.1", "proxy:9"),
    "1.4.2",
  ],
  ["one tag of several images", one("7", "api:v2", "worker:v2"), one("6", "api:v1", "worker:v1"), "v2"],
  [
    "number and image where the tag is the same",
    one("7", "api:v2"),
    one("6", "api:v2"),
    "revision 7 (api:v2)",
  ],
  [
    "number and image where the tag is latest",
    one("7", "shop/api:latest"),
    one("6", "shop/api:1"),
    "revision 7 (api:latest)",
  ],
  [
    "number and image where there is only a digest",
    one("7", `api@sha256:${"a".repeat(64)}`),
    one("6", "api:1"),
    "revision 7 (api@sha256:aaaaaaaaaaaa)",
  ],
  [
    "number and images where tags differ",
    one("7", "api:2", "worker:3", "cron:4"),
    one("6", "api:1", "worker:1", "cron:1"),
    "revision 7 (api:2, worker:3 and 1 more)",
  ],
  ["the number where a record has no images", { revision: "7" }, { revision: "6" }, "revision 7"],
  ["the version of a script target", { revision: "v2" }, { revision: "v1" }, "v2"],
])("a revision is called by %s", (_, revision, other, name) => {
  expect(versionOf(revision, other)).toBe(name);
});
