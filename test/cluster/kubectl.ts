import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { findTool } from "../support/tool.ts";

const run = promisify(execFile);

/** Runs kubectl and gives its standard output; throws with the whole command line and standard error. */
export type Kubectl = (...args: readonly string[]) => Promise<string>;

/** kubectl as a person would type it, in one namespace. A command that takes 90 s is ended. */
export function createKubectl(kubeconfig: string, namespace: string): Kubectl {
  const program = findTool("kubectl");
  return async (...args) => {
    const { stdout } = await run(program, ["--kubeconfig", kubeconfig, "--namespace", namespace, ...args], {
      timeout: 90_000,
    });
    return stdout;
  };
}
