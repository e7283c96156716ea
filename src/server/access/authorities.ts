import type { Logger } from "pino";
import type { Settings } from "../../config/settings.ts";
import type { RunningPolicy } from "../../daemon/run-policy.ts";
import type { KubeApi } from "../../kubernetes/api.ts";
import type { Authority } from "./access.ts";
import { kubernetesAuthority } from "./kubernetes.ts";
import { tokensFile } from "./tokens-file.ts";

interface AuthorityParts {
  readonly settings: Pick<Settings, "apiTokensFile" | "apiKubernetesAudience">;
  readonly logger: Pick<Logger, "error">;
  /** Undefined while no policy needs a cluster. */
  readonly api: () => KubeApi | undefined;
  readonly running: () => readonly RunningPolicy[];
}

/** Who may let people in; none unless it is configured. */
export function authorities({ settings, logger, api, running }: AuthorityParts): readonly Authority[] {
  const { apiTokensFile: file, apiKubernetesAudience: audience } = settings;
  const onProblem = (problem: string): void =>
    logger.error(`${problem}. It lets no person in until it is fixed.`);
  const namespaceOf = (name: string): string | undefined =>
    running().find(({ policy }) => policy.name === name)?.policy.target.namespace;
  return [
    ...(file === undefined ? [] : [tokensFile({ file, now: Date.now, onProblem })]),
    ...(audience === undefined ? [] : [kubernetesAuthority({ api, audience, namespaceOf })]),
  ];
}
