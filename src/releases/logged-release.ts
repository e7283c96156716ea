/** A release of a target as the log tells of it. */
export interface LoggedRelease {
  readonly id: string;
  /** What ran: a script target's version; of the others the digest of a revision. */
  readonly version: string;
  /** Epoch ms. */
  readonly startedAt: number;
  /** Somebody told of it, or it came back in the place of such a one. */
  readonly isTold?: true;
}
