import { isDeepStrictEqual } from "node:util";
import { ApiError, type Api } from "./api.ts";
import { containerEnv } from "./container-env.ts";
import { createContainer } from "./container.ts";
import type { Images } from "./images.ts";
import type { Pod } from "./pod.ts";
import { podStatus, type PodStatus } from "./pod-status.ts";
import { rfc3339 } from "./rfc3339.ts";

/** What a test sees of a Pod that the kubelet holds. */
export interface PodView {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly images: readonly string[];
  readonly ip: string;
  readonly ready: boolean;
  /** Being deleted: still running perhaps, but no longer anybody's backend. */
  readonly terminating: boolean;
  /** Of the processes that run now. */
  readonly pids: readonly number[];
}

export interface PodRun {
  readonly view: () => PodView;
  /** One step towards what `pod`, as just read, asks for; status and removal are written when they are due. */
  readonly step: (pod: Pod) => Promise<void>;
  /** Ends the processes at once. */
  readonly kill: () => Promise<void>;
  /** Removes the object from the API server, as a kubelet does when nothing of the Pod runs any more. */
  readonly removeObject: () => Promise<void>;
}

export interface PodRunOptions {
  readonly api: Api;
  readonly images: Images;
  readonly ip: string;
  readonly nodeName: string;
}

/** Runs one Pod: binds it to the node, runs its containers, reports its status, ends it when it is deleted. */
export function runPod(first: Pod, { api, images, ip, nodeName }: PodRunOptions): PodRun {
  const { namespace, name, uid, labels = {} } = first.metadata;
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
  const startTime = rfc3339(Date.now());
  const containers = first.spec.containers.map((spec) =>
    createContainer({
      spec,
      image: images[spec.image],
      ip,
      env: async () => ({
        POD_NAME: name,
        POD_NAMESPACE: namespace,
        ...(await containerEnv(api, first, ip, spec)),
      }),
    }),
  );
  let terminating = false;
  let bound = first.spec.nodeName !== undefined;
  let reported: PodStatus | undefined;

  const endContainers = async (graceMs: number): Promise<void> => {
    await Promise.all(containers.map((container) => container.stop(graceMs)));
  };
  const removeObject = (): Promise<void> =>
    ignoring(404, api.remove(path, { gracePeriodSeconds: 0, preconditions: { uid } }));
  const bind = async (): Promise<void> => {
    // 409: bound by an earlier try whose answer was lost.
    await ignoring(
      409,
      api.create(`${path}/binding`, { metadata: { name }, target: { kind: "Node", name: nodeName } }),
    );
    bound = true;
  };
  const report = async (): Promise<void> => {
    const facts = { ip, startTime, containers: containers.map((container) => container.status()) };
    const status = podStatus(facts, reported, Date.now());
    if (!isDeepStrictEqual(status, reported)) {
      await ignoring(404, api.mergePatch(`${path}/status`, { metadata: { uid }, status }));
      reported = status;
    }
  };
  return {
    view: () => ({
      namespace,
      name,
      labels,
      images: first.spec.containers.map(({ image }) => image),
      ip,
      ready: !terminating && containers.every((container) => container.status().ready),
      terminating,
      pids: containers.flatMap((container) => container.child()?.pid ?? []),
    }),
    step: async ({ metadata }) => {
      terminating = metadata.deletionTimestamp !== undefined;
      if (terminating) {
        await endContainers((metadata.deletionGracePeriodSeconds ?? 30) * 1000);
        await removeObject();
        return;
      }
      if (!bound) {
        await bind();
      }
      await Promise.all(containers.map((container) => container.tick()));
      await report();
    },
    kill: () => endContainers(0),
    removeObject,
  };
}

async function ignoring(status: number, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== status) {
      throw error;
    }
  }
}
