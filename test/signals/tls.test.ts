import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createPrometheus } from "../../src/signals/prometheus.ts";
import { createTlsConnections, type TlsFiles } from "../../src/signals/tls-connections.ts";
import { type Authority, createAuthority } from "../faults/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { vectorOf } from "./stub-server.ts";

const AT = 1_700_000_000_000;

/** A Prometheus behind TLS that lets in only clients with a certificate of `clients`. */
async function secured(server: Authority, clients: Authority): Promise<string> {
  const identity = server.issue("localhost");
  const https = createServer(
    { cert: identity.cert, key: identity.key, ca: clients.ca, requestCert: true, rejectUnauthorized: true },
    (_request, response) => response.end(vectorOf("1")),
  ).listen(0, "127.0.0.1");
  await once(https, "listening");
  onTestFinished(() => {
    https.close();
    https.closeAllConnections();
  });
  return `https://localhost:${(https.address() as AddressInfo).port}`;
}

function filesOf(
  ca: Authority,
  client: Authority,
): { readonly files: TlsFiles; readonly write: (from: Authority) => void } {
  const { path: dir, remove } = temporaryFolder();
  onTestFinished(remove);
  const path = (name: string): string => join(dir, name);
  writeFileSync(path("ca.pem"), ca.ca);
  const write = (from: Authority): void => {
    const { cert, key } = from.issue("rollbackd");
    writeFileSync(path("cert.pem"), cert);
    writeFileSync(path("key.pem"), key);
  };
  write(client);
  return { files: { ca: path("ca.pem"), cert: path("cert.pem"), key: path("key.pem") }, write };
}

function ask(url: string, files: TlsFiles) {
  const tls = createTlsConnections(files, 20_000);
  const prometheus = createPrometheus({ urls: [url], timeoutMs: 20_000, dispatcher: tls.dispatcher });
  onTestFinished(async () => {
    await prometheus.close();
    await tls.close();
  });
  return () => prometheus.instant("up", AT);
}

describe("TLS to Prometheus", () => {
  const ours = createAuthority("ours");
  const others = createAuthority("others");

  test("trusts the given authority and shows the client certificate", async () => {
    const instant = ask(await secured(ours, ours), filesOf(ours, ours).files);
    expect(await instant()).toMatchObject({ ok: true });
  });

  test("a server of another authority is not asked", async () => {
    const instant = ask(await secured(others, ours), filesOf(ours, ours).files);
    expect(await instant()).toMatchObject({ ok: false });
  });

  test("a renewed client certificate counts from the next request on, without a restart", async () => {
    const { files, write } = filesOf(ours, others);
    const instant = ask(await secured(ours, ours), files);
    expect(await instant()).toMatchObject({ ok: false });
    write(ours);
    expect(await instant()).toMatchObject({ ok: true });
  });

  test("half of a replacement leaves the last pair in use", async () => {
    const { files } = filesOf(ours, ours);
    const instant = ask(await secured(ours, ours), files);
    expect(await instant()).toMatchObject({ ok: true });
    writeFileSync(files.cert ?? "", others.issue("rollbackd").cert);
    expect(await instant()).toMatchObject({ ok: true });
  });

  test("a renewed certificate, while a request is under way, leaves that alone", async () => {
    const { files, write } = filesOf(ours, ours);
    const held: ServerResponse[] = [];
    const server = createServer(
      { ...ours.issue("localhost"), ca: ours.ca, requestCert: true },
      (_, response) => held.push(response),
    ).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const instant = ask(`https://localhost:${(server.address() as AddressInfo).port}`, files);
    const first = instant();
    await eventually("the first is under way", () => expect(held).toHaveLength(1));
    write(ours);
    const second = instant();
    await eventually("the second is, too", () => expect(held).toHaveLength(2));
    held.forEach((response) => response.end(vectorOf("1")));
    await expect(first).resolves.toMatchObject({ ok: true });
    await expect(second).resolves.toMatchObject({ ok: true });
  });

  test("an authority's file that is half written leaves the last one in use", async () => {
    const { files } = filesOf(ours, ours);
    const instant = ask(await secured(ours, ours), files);
    expect(await instant()).toMatchObject({ ok: true });
    writeFileSync(files.ca ?? "", ours.ca.slice(0, 40));
    expect(await instant()).toMatchObject({ ok: true });
    writeFileSync(files.ca ?? "", others.ca);
    expect(await instant()).toMatchObject({ ok: false, detail: expect.stringContaining("nobody trusted") });
  });
});
