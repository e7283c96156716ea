/** An image reference taken apart, with what it leaves out filled in as container runtimes do. */
export interface ImageName {
  /** `docker.io` where none is named; a port is part of it. */
  readonly registry: string;
  /** `library/nginx` for `nginx`. */
  readonly repository: string;
  /** `latest` where neither tag nor digest is named. */
  readonly tag: string | undefined;
  /** `sha256:…` */
  readonly digest: string | undefined;
}

const DOCKER_HUB = "docker.io";
const DOCKER_ALIASES: ReadonlySet<string> = new Set(["index.docker.io", "registry-1.docker.io"]);
const REFERENCE =
  /^(?<path>[^\s:@]+(?::\d+\/[^\s:@]+)?)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>[a-z0-9+._-]+:[0-9a-f]{32,}))?$/i;

/** Undefined for what names no image, such as the path of a tar file. */
export function readImageName(reference: string): ImageName | undefined {
  const { path, tag, digest } = REFERENCE.exec(reference)?.groups ?? {};
  if (path === undefined || path.startsWith("/") || path.startsWith(".")) return undefined;
  const { registry, repository } = placeOf(path);
  return {
    registry,
    repository,
    tag: tag ?? (digest === undefined ? "latest" : undefined),
    digest: digest?.toLowerCase(),
  };
}

/** `docker.io/library/nginx:1.27`: the same for every way to write it; undefined without a tag. */
export function tagName({ registry, repository, tag }: ImageName): string | undefined {
  return tag === undefined ? undefined : `${normalRegistry(registry)}/${repository}:${tag}`;
}

/** The first part is a registry only if it looks like a host. */
function placeOf(path: string): Pick<ImageName, "registry" | "repository"> {
  const [first = "", ...rest] = path.split("/");
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const registry = isHost ? normalRegistry(first) : DOCKER_HUB;
  const repository = isHost ? rest.join("/") : path;
  const isOfficial = registry === DOCKER_HUB && !repository.includes("/");
  return { registry, repository: isOfficial ? `library/${repository}` : repository };
}

function normalRegistry(host: string): string {
  const lower = host.toLowerCase();
  return DOCKER_ALIASES.has(lower) ? DOCKER_HUB : lower;
}
