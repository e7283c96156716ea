import { type Lifecycle, type LifecycleOptions, runBounded } from "./lifecycle.ts";

/** As shells count it: 128 and the signal's number. */
const HURRIED = { SIGTERM: 143, SIGINT: 130 } as const;

export interface EndOptions extends LifecycleOptions {
  /** Told of the signal before the end begins, while everything still runs. */
  readonly stopping: (cause: string) => void;
  /** Last words after an error that nobody caught: nothing else can be relied on then. */
  readonly crashed: (error: unknown) => Promise<unknown>;
}

/**
 * Ends this process with `lifecycle`: SIGTERM or SIGINT once gracefully with exit code 0, twice at once; an
 * error or a rejection that nobody caught with code 1 and no clean-up but the last words.
 */
export function endProcessWith(lifecycle: Lifecycle, options: EndOptions): void {
  let ending = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (ending) process.exit(HURRIED[signal]);
      ending = true;
      options.stopping(signal);
      void lifecycle.stop().then(() => process.exit(0));
    });
  }
  let crashing = false;
  process.on("uncaughtException", (thrown: unknown) => {
    if (crashing) process.exit(1);
    crashing = true;
    options.report("uncaught error", thrown);
    void runBounded(["last words", () => options.crashed(thrown)], options).then(() => process.exit(1));
  });
}
