/** The decision as a document for people; whoever is not on the machine of rollbackd needs a token for it. */
export function decisionUrl(publicUrl: string, decisionId: string): string {
  return `${publicUrl}/api/v1/decisions/${encodeURIComponent(decisionId)}/report`;
}
