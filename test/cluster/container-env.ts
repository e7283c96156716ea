import { ApiError, type Api } from "./api.ts";
import type { ContainerSpec, EnvVar, Pod, Reference } from "./pod.ts";

/** Why a container cannot be created yet; the message is the one that `kubectl describe` would show. */
export class ConfigError extends Error {}

type Env = Record<string, string>;
type Kind = "configmap" | "secret";

/**
 * The environment that a container's spec asks for, from literals, ConfigMaps, Secrets and the Pod's own fields.
 * Throws `ConfigError` when one of them is missing and not optional. `$(VAR)` is not expanded.
 */
export async function containerEnv(api: Api, pod: Pod, ip: string, container: ContainerSpec): Promise<Env> {
  const read = (kind: Kind, ref: Reference): Promise<Env | undefined> =>
    readObject(api, pod.metadata.namespace, kind, ref);
  const env: Env = {};
  for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
    const data = {
      ...(configMapRef && (await read("configmap", configMapRef))),
      ...(secretRef && (await read("secret", secretRef))),
    };
    for (const [key, value] of Object.entries(data)) {
      env[prefix + key] = value;
    }
  }
  for (const entry of container.env ?? []) {
    const value = await valueOf(entry, fieldsOf(pod, ip), read);
    if (value !== undefined) {
      env[entry.name] = value;
    }
  }
  return env;
}

async function valueOf(
  { value, valueFrom }: EnvVar,
  fields: Env,
  read: (kind: Kind, ref: Reference) => Promise<Env | undefined>,
): Promise<string | undefined> {
  if (valueFrom === undefined) {
    return value ?? "";
  }
  const { configMapKeyRef, secretKeyRef, fieldRef } = valueFrom;
  if (fieldRef !== undefined) {
    return fields[fieldRef.fieldPath];
  }
  const kind = configMapKeyRef === undefined ? "secret" : "configmap";
  const ref = configMapKeyRef ?? secretKeyRef;
  if (ref === undefined) {
    return undefined;
  }
  const found = (await read(kind, ref))?.[ref.key];
  if (found === undefined && ref.optional !== true) {
    throw new ConfigError(`couldn't find key ${ref.key} in ${kind} ${ref.name}`);
  }
  return found;
}

function fieldsOf({ metadata, spec }: Pod, ip: string): Env {
  return {
    "metadata.name": metadata.name,
    "metadata.namespace": metadata.namespace,
    "metadata.uid": metadata.uid,
    "spec.nodeName": spec.nodeName ?? "",
    "status.podIP": ip,
  };
}

async function readObject(api: Api, namespace: string, kind: Kind, ref: Reference): Promise<Env | undefined> {
  try {
    const { data = {} } = await api.get<{ data?: Env }>(
      `/api/v1/namespaces/${namespace}/${kind}s/${ref.name}`,
    );
    return kind === "configmap" ? data : decoded(data);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) {
      throw error;
    }
    if (ref.optional === true) {
      return undefined;
    }
    throw new ConfigError(`${kind} "${ref.name}" not found`, { cause: error });
  }
}

function decoded(data: Env): Env {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]),
  );
}
