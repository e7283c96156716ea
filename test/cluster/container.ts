import { createHash } from "node:crypto";
import { startChild, type Child } from "./child.ts";
import { ConfigError } from "./container-env.ts";
import type { Image } from "./images.ts";
import type { ContainerSpec } from "./pod.ts";
import { createReadiness, type Readiness } from "./readiness.ts";
import { rfc3339 } from "./rfc3339.ts";

/** Pause before a crashed container starts again: none at first, as the kubelet does, then doubling from here. */
const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 5000;
const CONFIG_RETRY_MS = 1000;

export interface ContainerOptions {
  readonly spec: ContainerSpec;
  /** Undefined when nobody knows the image. */
  readonly image: Image | undefined;
  readonly ip: string;
  /** Asked at each start; a `ConfigError` keeps the container waiting. */
  readonly env: () => Promise<Readonly<Record<string, string>>>;
}

export interface Container {
  /** One step towards a running, ready process; call it often. Waits for a start, not for probes. */
  readonly tick: () => Promise<void>;
  /** For the Pod's `status.containerStatuses`. */
  readonly status: () => ContainerStatus;
  /** The process, while it runs. */
  readonly child: () => Child | undefined;
  readonly stop: (graceMs: number) => Promise<void>;
}

export interface ContainerStatus {
  readonly name: string;
  readonly image: string;
  readonly imageID: string;
  readonly containerID: string;
  readonly started: boolean;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: object;
  readonly lastState: object;
}

type Phase =
  | { readonly kind: "waiting"; readonly reason: string; readonly message: string; readonly until: number }
  | {
      readonly kind: "running";
      readonly child: Child;
      readonly since: string;
      readonly readiness: Readiness;
    };

/** One container of a Pod: a real process, restarted when it ends, waiting with the kubelet's own reasons. */
export function createContainer({ spec, image, ip, env }: ContainerOptions): Container {
  let phase: Phase = waiting("ContainerCreating", "", 0);
  let restarts = 0;
  let lastState: object = {};

  const start = async (known: Image): Promise<Phase> => {
    try {
      const child = await startChild(known.command, {
        ...base(),
        ...known.env,
        ...(await env()),
        POD_IP: ip,
      });
      return { kind: "running", child, since: rfc3339(Date.now()), readiness: createReadiness(spec, ip) };
    } catch (error) {
      if (error instanceof ConfigError) {
        return waiting("CreateContainerConfigError", error.message, CONFIG_RETRY_MS);
      }
      throw error;
    }
  };
  const afterEnd = (child: Child, since: string): Phase => {
    const { exitCode = 0, how = "" } = child.ending() ?? {};
    const reason = exitCode === 0 ? "Completed" : "Error";
    const finishedAt = rfc3339(Date.now());
    lastState = { terminated: { exitCode, reason, message: child.log(), startedAt: since, finishedAt } };
    const pause = restarts === 0 ? 0 : Math.min(FIRST_BACKOFF_MS * 2 ** (restarts - 1), LONGEST_BACKOFF_MS);
    restarts += 1;
    return waiting("CrashLoopBackOff", `ended with ${how}; back-off ${pause} ms`, pause);
  };
  return {
    tick: async () => {
      if (image === undefined) {
        phase = waiting("ImagePullBackOff", `Back-off pulling image "${spec.image}"`, 0);
        return;
      }
      if (phase.kind === "running" && phase.child.ending() !== undefined) {
        phase = afterEnd(phase.child, phase.since);
      }
      if (phase.kind === "waiting" && performance.now() >= phase.until) {
        phase = await start(image);
      }
      if (phase.kind === "running") {
        phase.readiness.tick();
      }
    },
    status: () => ({
      name: spec.name,
      image: spec.image,
      imageID: phase.kind === "running" ? imageId(spec.image) : "",
      containerID: phase.kind === "running" ? `process://${phase.child.pid}` : "",
      started: phase.kind === "running",
      ready: phase.kind === "running" && phase.readiness.ready(),
      restartCount: restarts,
      state:
        phase.kind === "running"
          ? { running: { startedAt: phase.since } }
          : { waiting: { reason: phase.reason, message: phase.message } },
      lastState,
    }),
    child: () => (phase.kind === "running" && phase.child.ending() === undefined ? phase.child : undefined),
    stop: async (graceMs) => {
      if (phase.kind === "running") {
        await phase.child.stop(graceMs);
      }
    },
  };
}

function waiting(reason: string, message: string, pauseMs: number): Phase {
  return { kind: "waiting", reason, message, until: performance.now() + pauseMs };
}

/** A container sees none of the variables of whoever runs the tests. */
function base(): Readonly<Record<string, string>> {
  return { PATH: process.env.PATH ?? "" };
}

function imageId(image: string): string {
  const [repository = image] = image.split(":");
  return `docker.io/library/${repository}@sha256:${createHash("sha256").update(image).digest("hex")}`;
}
