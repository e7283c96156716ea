import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { kubeApi } from "../../src/kubernetes/api.ts";
import { connect } from "../../src/kubernetes/connect.ts";
import { KubeError } from "../../src/kubernetes/error.ts";
import { connect as connectAsHarness } from "../cluster/api.ts";
import { readKubeconfig } from "../cluster/kubeconfig.ts";
import { createNamespace, createServiceAccount } from "../cluster/namespace.ts";
import { describeOnCluster } from "../cluster/shared.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describeOnCluster("credentials that change while the daemon runs", (kubeconfig) => {
  /** Two accounts that may do nothing; the token of the first is in the file `token`. */
  async function stage(user: (folder: string) => object) {
    const harness = connectAsHarness(kubeconfig);
    const { path, remove } = temporaryFolder();
    const namespace = await createNamespace(harness, "credentials");
    onTestFinished(async () => {
      await harness.remove(`/api/v1/namespaces/${namespace}`);
      await harness.close();
      remove();
    });
    const tokenOf = async (name: string): Promise<string> =>
      readKubeconfig(await createServiceAccount(harness, kubeconfig, { namespace, name, dir: path })).token ??
      "";
    const [first, second] = [await tokenOf("first"), await tokenOf("second")];
    writeFileSync(join(path, "token"), first);
    const written = JSON.parse(readFileSync(join(path, "first.kubeconfig"), "utf8"));
    const file = join(path, "kubeconfig");
    writeFileSync(file, JSON.stringify({ ...written, users: [{ name: "test", user: user(path) }] }));
    const connection = await connect(file);
    onTestFinished(() => connection.close());
    const api = kubeApi(connection);
    /** Who the API server takes it for, by what it says that this account may not do. */
    const who = async (): Promise<string> => {
      const error: unknown = await api
        .list({ group: "", resource: "pods", namespace }, {})
        .catch((caught: unknown) => caught);
      if (!(error instanceof KubeError)) throw new Error("the account may list pods");
      return error.kind === "forbidden" ? (/:(first|second)"/u.exec(error.message)?.[1] ?? "") : error.kind;
    };
    return {
      who,
      revokeFirst: () => harness.remove(`/api/v1/namespaces/${namespace}/serviceaccounts/first`),
      rotate: () => writeFileSync(join(path, "token"), second),
    };
  }

  it.each<[string, (folder: string) => object]>([
    ["a tokenFile", () => ({ tokenFile: "token" })],
    [
      "a credential plugin",
      (folder) => {
        const script = join(folder, "plugin.sh");
        writeFileSync(
          script,
          `#!/bin/sh\nprintf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"%s"}}' "$(cat '${folder}/token')"\n`,
        );
        chmodSync(script, 0o755);
        return { exec: { apiVersion: "client.authentication.k8s.io/v1beta1", command: script } };
      },
    ],
  ])("%s lets in again after the token was revoked and replaced", async (_, user) => {
    const { who, revokeFirst, rotate } = await stage(user);
    expect(await who()).toBe("first");
    await revokeFirst();
    await eventually("the token is refused", async () => expect(await who()).toBe("unauthorized"));
    rotate();
    await eventually("the new one is used", async () => expect(await who()).toBe("second"));
  });
});
