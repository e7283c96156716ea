export interface DeploymentOptions {
  readonly image: string;
  /** Also its label `app`; default `vcci-api`. */
  readonly name?: string;
  /** Of its pods, beside `app` or in its place; none unless told otherwise. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Default 2. */
  readonly replicas?: number;
  /** Default 600, as Kubernetes has it. */
  readonly progressDeadlineSeconds?: number;
  /** Default 10, as Kubernetes has it. */
  readonly revisionHistoryLimit?: number;
  /** Merged into the container: `{ envFrom: [{ configMapRef: { name: "settings" } }] }`. */
  readonly container?: object;
}

/** The Deployment `vcci-api` as its team would write it, with a quick readiness probe. */
export function vcciApiDeployment(options: DeploymentOptions): object {
  const {
    image,
    name = "vcci-api",
    replicas = 2,
    progressDeadlineSeconds = 600,
    revisionHistoryLimit = 10,
  } = options;
  const labels = { app: name, ...options.labels };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, labels: { app: name } },
    spec: {
      replicas,
      progressDeadlineSeconds,
      revisionHistoryLimit,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          // On a cluster with a scheduler of its own, that one must leave these Pods to the test kubelet.
          schedulerName: "test-kubelet",
          terminationGracePeriodSeconds: 5,
          containers: [
            {
              name: "api",
              image,
              ports: [{ name: "http", containerPort: 8000 }],
              readinessProbe: {
                httpGet: { path: "/health/ready", port: "http" },
                periodSeconds: 1,
                // Its failures are answers; silence is that of a machine which does much else.
                timeoutSeconds: 5,
                failureThreshold: 2,
              },
              ...options.container,
            },
          ],
        },
      },
    },
  };
}
