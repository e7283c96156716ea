import { expect, test } from "vitest";
import { readImageName, tagName } from "../../src/signals/image-name.ts";
import { SHA } from "../support/vulnerabilities.ts";

const named: readonly (readonly [string, string | undefined, string | undefined])[] = [
  ["nginx", "docker.io/library/nginx:latest", undefined],
  ["nginx:1.27", "docker.io/library/nginx:1.27", undefined],
  ["library/nginx:1.27", "docker.io/library/nginx:1.27", undefined],
  ["docker.io/nginx:1.27", "docker.io/library/nginx:1.27", undefined],
  ["index.docker.io/library/nginx:1.27", "docker.io/library/nginx:1.27", undefined],
  ["vcci/api:v1", "docker.io/vcci/api:v1", undefined],
  ["ghcr.io/vcci/api:v1", "ghcr.io/vcci/api:v1", undefined],
  ["GHCR.io/vcci/api:v1", "ghcr.io/vcci/api:v1", undefined],
  ["localhost/api:v1", "localhost/api:v1", undefined],
  ["registry.example:5000/api", "registry.example:5000/api:latest", undefined],
  ["registry.example:5000/team/api:v1", "registry.example:5000/team/api:v1", undefined],
  [`registry.example/api@${SHA("a")}`, undefined, SHA("a")],
  [`registry.example/api:v1@${SHA("a")}`, "registry.example/api:v1", SHA("a")],
];
test.each(named)("%s is the image that a runtime would pull", (written, tag, digest) => {
  const name = readImageName(written);
  expect(name && tagName(name)).toBe(tag);
  expect(name?.digest).toBe(digest);
});

test.each(["", "/tmp/image.tar", "./image.tar", "an image", "api:v1:v2", "api@sha256:short"])(
  "%j names no image",
  (written) => {
    expect(readImageName(written)).toBeUndefined();
  },
);
