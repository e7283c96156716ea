/** Epoch ms as Kubernetes writes instants: UTC, whole seconds. */
export function rfc3339(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
