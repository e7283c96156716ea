import { vcciApiDeployment } from "./deployment.ts";

export interface StatefulSetOptions {
  /** Default 2. */
  readonly replicas?: number;
  readonly updateStrategy?: object;
  readonly revisionHistoryLimit?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  /** The label `app` of its pods; its name when left out. */
  readonly app?: string;
}

/** A StatefulSet that runs what the Deployment `vcci-api` does, one pod after the other. */
export function statefulSet(name: string, image: string, options: StatefulSetOptions = {}): object {
  const { annotations = {}, app = name, ...spec } = options;
  const { spec: deployment } = vcciApiDeployment({ image }) as {
    readonly spec: { readonly template: { readonly spec: object } };
  };
  return {
    metadata: { name, annotations },
    spec: {
      replicas: 2,
      serviceName: name,
      selector: { matchLabels: { app } },
      template: { metadata: { labels: { app } }, spec: deployment.template.spec },
      ...spec,
    },
  };
}
