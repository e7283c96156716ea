import { execFile } from "node:child_process";
import { dirname, isAbsolute, resolve } from "node:path";
import { promisify } from "node:util";

/** What a kubeconfig says of a credential plugin (`users[].user.exec`). */
export interface ExecPlugin {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly apiVersion: string;
  readonly installHint: string | undefined;
  readonly provideClusterInfo: boolean;
}

/** What lets a request in. */
export interface Credential {
  readonly token?: string;
  /** PEM. */
  readonly cert?: string;
  readonly key?: string;
  /** Epoch ms. */
  readonly expiresAt?: number;
}

const TIMEOUT_MS = 30_000;
const run = promisify(execFile);

/**
 * Runs a plugin as client-go does: a command with a path is relative to the kubeconfig `file`, and
 * KUBERNETES_EXEC_INFO tells what is asked for. `cluster` is told where the kubeconfig says so. Throws an Error that
 * names the plugin and what it said.
 */
export async function runPlugin(plugin: ExecPlugin, file: string, cluster: object): Promise<Credential> {
  const { command, args, env, apiVersion, provideClusterInfo } = plugin;
  const program = command.includes("/") && !isAbsolute(command) ? resolve(dirname(file), command) : command;
  const spec = { interactive: false, ...(provideClusterInfo && { cluster }) };
  const info = JSON.stringify({ apiVersion, kind: "ExecCredential", spec });
  const added = Object.fromEntries(env.map(({ name, value }) => [name, value]));
  try {
    const { stdout } = await run(program, [...args], {
      env: { ...process.env, KUBERNETES_EXEC_INFO: info, ...added },
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL",
    });
    return readCredential(stdout);
  } catch (error) {
    const hint = plugin.installHint === undefined ? "" : `; ${plugin.installHint.trim()}`;
    throw new Error(`the credential plugin ${command} failed: ${reasonOf(error)}${hint}`, { cause: error });
  }
}

function readCredential(text: string): Credential {
  const answer = parsed(text);
  const {
    token,
    clientCertificateData: cert,
    clientKeyData: key,
    expirationTimestamp,
  } = answer?.status ?? {};
  if (answer?.kind !== "ExecCredential" || (token === undefined && cert === undefined)) {
    // What it printed may be a secret.
    throw new Error("it printed no ExecCredential with a token or a certificate");
  }
  const expiresAt = Date.parse(expirationTimestamp ?? "");
  return {
    ...(token !== undefined && { token: token.trim() }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(Number.isFinite(expiresAt) && { expiresAt }),
  };
}

interface ExecCredential {
  readonly kind?: string;
  readonly status?: {
    readonly token?: string;
    readonly clientCertificateData?: string;
    readonly clientKeyData?: string;
    readonly expirationTimestamp?: string;
  };
}

function parsed(text: string): ExecCredential | undefined {
  try {
    return JSON.parse(text) as ExecCredential;
  } catch {
    return undefined;
  }
}

/** The last line of its standard error, which is where programs say what is the matter. */
function reasonOf(error: unknown): string {
  const {
    code,
    killed,
    stderr = "",
    message,
  } = error as { code?: unknown; killed?: boolean; stderr?: string; message: string };
  if (killed === true) return `it did not end within ${TIMEOUT_MS / 1000} s`;
  if (code === "ENOENT") return "there is no such program";
  const last = stderr.trim().split("\n").at(-1) ?? "";
  if (typeof code !== "number") return message;
  return last === "" ? `it exited with code ${code}` : `it exited with code ${code}: ${last.slice(0, 300)}`;
}
