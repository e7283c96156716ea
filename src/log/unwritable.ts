/** The log cannot take a record. Nothing may be acted upon until it can: what is not recorded must not happen. */
export class LogUnwritable extends Error {
  override readonly name = "LogUnwritable";
  /** `ENOSPC`, `EIO`, `EROFS` …; undefined when the cause is not the file system. */
  readonly code: string | undefined;

  constructor(folder: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`The decision log in ${folder} cannot be written: ${reason}. ${nextStep(codeOf(cause))}`, {
      cause,
    });
    this.code = codeOf(cause);
  }
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}

function nextStep(code: string | undefined): string {
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return "Free some space there; rollbackd then goes on.";
    case "EROFS":
    case "EIO":
      return "Check the volume; rollbackd goes on once it can be written.";
    case "EACCES":
    case "EPERM":
      return "Give the user that runs rollbackd the right to write there.";
    default:
      return "rollbackd tries again with the next record.";
  }
}
