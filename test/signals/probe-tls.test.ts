import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ProbeSpec } from "../../src/rules/policy.ts";
import { createProbe } from "../../src/signals/probe.ts";
import { createAuthority } from "../faults/certificates.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { sends, stubServer } from "./stub-server.ts";

const probe = createProbe(Date.now);
const authority = createAuthority("ours");

async function securePort(host = "127.0.0.1"): Promise<number> {
  const server = createServer(authority.issue("server"), (_, response) => response.end("ok")).listen(0, host);
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

function trusting(ca: string): ProbeSpec["tls"] {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  const file = join(path, "ca.pem");
  writeFileSync(file, ca);
  return { trust: "ca", file };
}

function ask(url: string, tls?: ProbeSpec["tls"]) {
  return probe({ url, intervalMs: 10_000, timeoutMs: 20_000, ...(tls && { tls }) });
}

describe("a probe over https", () => {
  test.each(["127.0.0.1", "localhost"])("passes at %s when its authority is trusted", async (host) => {
    const url = `https://${host}:${await securePort()}/`;
    await expect(ask(url, trusting(authority.ca))).resolves.toMatchObject({ ok: true });
  });

  test("takes any certificate where it was told to", async () => {
    const url = `https://127.0.0.1:${await securePort()}/`;
    await expect(ask(url, { trust: "anybody" })).resolves.toMatchObject({ ok: true });
  });

  test("trap 8: an authority that nobody told it of is its own trouble", async () => {
    const url = `https://127.0.0.1:${await securePort()}/`;
    const untrusted = { ok: false, fault: "prober", detail: expect.stringContaining("CA file") };
    await expect(ask(url)).resolves.toMatchObject(untrusted);
    await expect(ask(url, trusting(createAuthority("other").ca))).resolves.toMatchObject(untrusted);
  });

  test("trap 8: so is a file that cannot be used", async () => {
    const url = `https://127.0.0.1:${await securePort()}/`;
    const missing = { trust: "ca", file: "/nowhere/ca.pem" } as const;
    await expect(ask(url, missing)).resolves.toMatchObject({
      fault: "prober",
      detail: expect.stringMatching(/`tls.ca` cannot be used: .*\/nowhere\/ca.pem/),
    });
    await expect(ask(url, trusting("half a certif"))).resolves.toMatchObject({
      fault: "prober",
      detail: expect.stringContaining("holds no certificate"),
    });
  });

  test("a certificate for another name is the target's trouble", async () => {
    const url = `https://127.0.0.2:${await securePort("127.0.0.2")}/`;
    await expect(ask(url, trusting(authority.ca))).resolves.toMatchObject({
      fault: "target",
      detail: "the server's certificate is for another name",
    });
  });

  test("a server that speaks no TLS says so", async () => {
    const url = (await stubServer(sends(200, "ok"))).replace("http:", "https:");
    await expect(ask(url)).resolves.toMatchObject({
      fault: "target",
      detail: expect.stringContaining("speaks no TLS"),
    });
  });
});

describe("an IPv6 literal", () => {
  test("is probed, with and without TLS", async () => {
    const url = `https://[::1]:${await securePort("::1")}/`;
    await expect(ask(url, trusting(authority.ca))).resolves.toMatchObject({ ok: true });
    const { port } = new URL(await stubServer(sends(200, "ok"), "::1"));
    await expect(ask(`http://[::1]:${port}/health`)).resolves.toMatchObject({ ok: true });
  });
});
